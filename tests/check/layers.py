#!/usr/bin/env python3
"""Checks every #include of ours against tests/check/layers.txt; prints what breaks the rules and exits 1."""
import pathlib, re, sys

root = pathlib.Path(__file__).resolve().parents[2]
rooms, libraries, section = {}, [], None
for line in (root / "tests/check/layers.txt").read_text().splitlines():
    line = line.split("#", 1)[0].strip()
    if not line:
        continue
    if line.startswith("["):
        section = line.strip("[]")
        continue
    head, _, tail = line.partition(": ") if ": " in line else (line.rstrip(":"), "", "")
    if section == "rooms":
        rooms[head] = tail.split()
    else:
        libraries.append((re.compile("^(" + head + ")"), tail.split()))

def room_of(path):
    fits = [r for r in rooms if path == r or path.startswith(r + "/")]
    return max(fits, key=len) if fits else None

def below(path, places):
    return any(path == p or path.startswith(p + "/") for p in places)

bad = 0
include = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
for file in sorted(root.rglob("*")):
    path = file.relative_to(root).as_posix()
    if file.suffix not in (".h", ".cc", ".c") or path.startswith(("build", ".git")):
        continue
    room = room_of(path)
    for number, text in enumerate(file.read_text().splitlines(), 1):
        match = include.match(text)
        if not match:
            continue
        kind, target = match.groups()
        if kind == '"':
            other = room_of(target)
            if other and room and other != room and not below(target, rooms[room]):
                print(f"{path}:{number}: {room} may not include {target}")
                bad += 1
        else:
            for pattern, places in libraries:
                if pattern.match(target) and not below(path, places) and not path.startswith("tests/"):
                    print(f"{path}:{number}: <{target}> belongs to {' '.join(places)}")
                    bad += 1
sys.exit(1 if bad else 0)
