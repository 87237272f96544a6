// master/registry/conversion/event.h — Event of events.k8s.io.
#pragma once

#include "master/registry/conversion.h"

namespace nodal::master {

/// The Events of events.k8s.io/v1 are those of v1 by other names: regarding ↔ involvedObject,
/// note ↔ message, reportingController ↔ reportingComponent, and the deprecated fields.
/// @source API doc of events.k8s.io/v1 (KEP-383)
extern const Conversion kEventsGroupEvent;

}  // namespace nodal::master
