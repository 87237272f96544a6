#!/usr/bin/env python3
# tests/check/schema.py — do the files of api-client/schema hold together? References, numbers, keys, words.
"""Usage: schema.py [FOLDER]. Prints one line per fault; the exit code says whether there were any."""
import pathlib
import re
import sys

import yaml

SCALARS = {"Time", "MicroTime", "Quantity", "IntOrString"}
PRIMITIVES = {"string", "integer", "number", "boolean"}
FORMATS = {"int32", "int64", "double", "byte", "dns-label", "dns-subdomain", "dns-1035-label", "label-value",
           "ip", "cidr"}
PROPERTY_KEYS = {
    "type", "$ref", "items", "additionalProperties", "format", "nullable", "default", "enum", "minimum", "maximum",
    "maxLength", "minItems", "description", "x-protobuf", "x-protobuf-inline", "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy", "x-kubernetes-preserve-unknown-fields", "x-nodal-immutable"}
TYPE_KEYS = {"description", "required", "properties", "x-kubernetes-map-type", "x-nodal-document"}
KIND_KEYS = {"plural", "singular", "shortNames", "categories", "namespaced", "verbs", "status", "subresources",
             "additionalPrinterColumns"}
VERBS = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}

faults = []


class UniqueKeys(yaml.SafeLoader):
    """A loader that refuses a key given twice: YAML forbids it, PyYAML does not."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key twice: {key.value}", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def fault(where, what):
    faults.append(f"{where}: {what}")


def words(text):
    return re.findall(r"[^\W_]+", text)


def check_description(where, name, text):
    if not isinstance(text, str) or len(words(text)) < 3:
        fault(where, "needs a description of at least three words")
    elif "".join(words(text)).lower() == name.lower():
        fault(where, "the description only repeats the name")


def target(files, file, reference):
    """The type a $ref names, None for a built-in scalar; KeyError when there is none."""
    if reference in SCALARS:
        return None
    other, _, name = reference.rpartition(".")
    return files[other or file]["types"][name]


def flat_properties(files, file, kind):
    """Properties as JSON shows them: spliced messages are replaced by their members."""
    for name, field in kind["properties"].items():
        if field.get("x-protobuf-inline"):
            other = field["$ref"].rpartition(".")[0] or file
            yield from flat_properties(files, other, target(files, file, field["$ref"]))
        else:
            yield name, field


def check_default(where, field):
    if "default" not in field:
        return
    value, kind = field["default"], field.get("type")
    if "enum" in field and value not in field["enum"] and value != "":
        fault(where, f"the default {value!r} is not in enum")
    fits = {"string": str, "boolean": bool, "integer": int, "object": dict, "array": list, None: (str, int, dict)}
    if not isinstance(value, fits.get(kind, object)):
        fault(where, f"the default {value!r} is no {kind}")
    if kind == "integer" and not field.get("minimum", value) <= value <= field.get("maximum", value):
        fault(where, f"the default {value} is out of range")


def check_value(files, file, where, field):
    """A property, the items of an array, or the values of a map."""
    for key in field.keys() - PROPERTY_KEYS:
        fault(where, f"unknown key {key}")
    kind = field.get("type")
    if ("$ref" in field) == (kind is not None):
        fault(where, "needs either type or $ref")
    if "$ref" in field:
        try:
            target(files, file, field["$ref"])
        except KeyError:
            fault(where, f"$ref {field['$ref']} leads nowhere")
    if kind == "array":
        check_value(files, file, where + "[]", field.get("items", {}))
    elif kind == "object":
        if field.get("x-kubernetes-preserve-unknown-fields"):
            pass
        else:
            check_value(files, file, where + "{}", field.get("additionalProperties", {}))
    elif kind is not None and kind not in PRIMITIVES:
        fault(where, f"unknown type {kind}")
    if field.get("format", "int32") not in FORMATS:
        fault(where, f"unknown format {field['format']}")
    if kind == "integer" and field.get("format") not in ("int32", "int64"):
        fault(where, "an integer is int32 or int64")
    if "enum" in field and field["enum"] != sorted(field["enum"]):
        fault(where, "enum is not sorted")
    check_default(where, field)


def check_merging(files, file, where, field):
    keys = field.get("x-kubernetes-list-map-keys", [])
    if (field.get("x-kubernetes-list-type") == "map") != bool(keys):
        fault(where, "list-type map and list-map-keys go together")
    merge_key = field.get("x-kubernetes-patch-merge-key")
    wanted = keys + ([merge_key] if merge_key else [])
    if not wanted:
        return
    try:
        element = target(files, file, field["items"]["$ref"])
        known = dict(flat_properties(files, file, element))
    except (KeyError, TypeError, AttributeError):
        fault(where, "only lists of messages have merge keys")
        return
    for key in wanted:
        if key not in known:
            fault(where, f"its elements have no {key}")


def check_kind(files, file, name, kind):
    where = f"{file}.{name}"
    for key in kind.keys() - KIND_KEYS:
        fault(where, f"unknown key {key}")
    if name not in files[file]["types"]:
        fault(where, "the kind has no type")
    for key in ("plural", "singular", "namespaced"):
        if key not in kind:
            fault(where, f"needs {key}")
    for verb in set(kind.get("verbs", [])) - VERBS:
        fault(where, f"unknown verb {verb}")
    subresources = kind.get("subresources", {})
    if bool(kind.get("status")) != ("status" in subresources):
        fault(where, "status: true and the subresource status go together")
    groups = {(f["group"], f["version"]): f for f in files.values()}
    for sub, description in subresources.items():
        if not description.get("verbs"):
            fault(f"{where}/{sub}", "needs verbs")
        if "kind" in description:
            home = groups.get((description.get("group"), description.get("version")))
            if home is None or description["kind"] not in home["types"]:
                fault(f"{where}/{sub}", f"its kind {description['kind']} has no type")


def check_type(files, file, name, kind):
    where = f"{file}.{name}"
    for key in kind.keys() - TYPE_KEYS:
        fault(where, f"unknown key {key}")
    check_description(where, name, kind.get("description"))
    properties = kind.get("properties", {})
    for field in kind.get("required", []):
        if field not in properties:
            fault(where, f"requires {field}, which it does not have")
    numbers = {}
    for field_name, field in properties.items():
        at = f"{where}.{field_name}"
        check_description(at, field_name, field.get("description"))
        check_value(files, file, at, field)
        number = field.get("x-protobuf")
        if not isinstance(number, int) or not 1 <= number < 1 << 29:
            fault(at, "needs a protobuf number")
        elif number in numbers:
            fault(at, f"has the protobuf number {number} of {numbers[number]}")
        numbers[number] = field_name
        if field.get("x-protobuf-inline") and field.get("nullable"):
            fault(at, "a spliced message cannot be nullable")
        check_merging(files, file, at, field)
    try:
        flat = [n for n, _ in flat_properties(files, file, kind)]
    except KeyError:
        return  # a broken $ref, reported above
    for double in {n for n in flat if flat.count(n) > 1}:
        fault(where, f"shows {double} twice in JSON")


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "api-client/schema")
    files = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            with open(path, encoding="utf-8") as text:
                files[path.stem] = yaml.load(text, UniqueKeys)
        except yaml.YAMLError as error:
            fault(path.name, str(error).replace("\n", " "))
    if not files:
        fault(str(folder), "holds no schema that can be read")
    for file, content in files.items():
        for key in ("group", "version", "openapi", "types"):
            if key not in content:
                fault(file, f"needs {key}")
    if not faults:
        for file, content in files.items():
            for name, kind in (content.get("kinds") or {}).items():
                check_kind(files, file, name, kind)
            for name, kind in content["types"].items():
                check_type(files, file, name, kind)
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
