// master/registry/strategy/labels.h — labels, annotations and selectors, wherever an object has
// them.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "master/registry/strategy.h"

namespace nodal::master {

/// Keys and values of labels (also of nodeSelector, and of the selector of a Service).
/// @param field  of the map: "metadata.labels"
void validate_labels(const boost::json::object& labels, const std::string& field,
                     FieldErrors& errors);
/// One key.
void validate_label_key(std::string_view key, const std::string& field, FieldErrors& errors);
/// Keys of annotations, and how much all of them hold.
void validate_annotations(const boost::json::object& annotations, const std::string& field,
                          FieldErrors& errors);
/// A LabelSelector: its labels, and that each expression has the values its operator needs.
void validate_label_selector(const boost::json::object& selector, const std::string& field,
                             FieldErrors& errors);

}  // namespace nodal::master
