# tests/check/tidy_commands.py — what tests/check/tidy runs on: compile commands that clang reads. The precompiled header of
# g++ it cannot, and would parse its headers once a file; so they are compiled once by clang.
#   tidy_commands.py BUILD OUT     BUILD/compile_commands.json → OUT/compile_commands.json, OUT/std.pch
import json
import os
import re
import shlex
import subprocess
import sys

build, out = map(os.path.abspath, sys.argv[1:])
os.makedirs(out, exist_ok=True)
with open(f"{build}/compile_commands.json") as file:
    entries = json.load(file)

# The precompiled header's own command has the flags that all targets share.
words = shlex.split(next(e["command"] for e in entries if e["file"] == f"{build}/pch.cc"))
header = words[words.index("-include") + 1]
pch = f"{out}/std.pch"
flags = [w for w in words[1:] if re.match(r"-([DIOg]|f|std=)", w)]
subprocess.run(["clang++-19", "-w", *flags, "-x", "c++-header", header, "-o", pch], check=True)

for entry in entries:
    command = entry["command"].replace(f"-Winvalid-pch -include {header}", f"-include-pch {pch}")
    entry["command"] = command.replace(" -Werror ", " ")
with open(f"{out}/compile_commands.json", "w") as file:
    json.dump(entries, file)
