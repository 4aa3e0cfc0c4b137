"""Checks an exported document by the validator of its format; ends with 1 and the reason where it is broken."""

import argparse
import io
import json
import sys
from functools import partial


class Broken(Exception):
    """Why a document is refused."""


def cyclonedx(version, text):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(text)
    if error is not None:
        at = "/".join(str(step) for step in error.data.absolute_path)
        raise Broken(f"{at}: {error.data.message}")
    said = json.loads(text)["specVersion"]
    if said != version:
        raise Broken(f"it says that it is of version {said}")
    bom = json.loads(text)
    refs = set()

    def add(thing):
        ref = thing.get("bom-ref")
        if ref in refs:
            raise Broken(f"{ref} is there twice")
        refs.add(ref)
        for part in thing.get("components", []) + thing.get("services", []):
            add(part)

    # The schema sees neither a reference to nothing nor one that stands for two things.
    add({**bom["metadata"].get("component", {}), **{k: bom.get(k, []) for k in ("components", "services")}})
    links = [ref for edge in bom.get("dependencies", []) for ref in [edge["ref"], *edge.get("dependsOn", [])]]
    for composition in bom.get("compositions", []):
        links += composition.get("assemblies", []) + composition.get("dependencies", [])
    dangling = sorted(set(links) - refs)
    if dangling:
        raise Broken(f"{dangling[0]} is referred to and not there")


def spdx(text):
    from spdx_python_model import v3_0_1 as model

    objects = model.SHACLObjectSet()
    try:
        model.JSONLDDeserializer().read(io.BytesIO(text.encode()), objects)
        # What is required is checked when it is written.
        model.JSONLDSerializer().write(objects, io.BytesIO())
    except (KeyError, TypeError, ValueError) as error:
        raise Broken(str(error)) from error
    missing = sorted(objects.link())
    if missing:
        raise Broken(f"{missing[0]} is referred to and not there")
    ids = [thing.get("spdxId", thing.get("@id")) for thing in json.loads(text)["@graph"]]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise Broken(f"{twice[0]} is there twice")


KINDS = {
    "cyclonedx-1.6": partial(cyclonedx, "1.6"),
    "cyclonedx-1.7": partial(cyclonedx, "1.7"),
    "spdx": spdx,
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("kind", choices=KINDS)
    arguments.add_argument("file")
    given = arguments.parse_args()
    with open(given.file, encoding="utf-8") as file:
        text = file.read()
    try:
        KINDS[given.kind](text)
    except Broken as why:
        print(f"{given.file}: {why}", file=sys.stderr)
        sys.exit(1)


main()
