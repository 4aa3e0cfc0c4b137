#!/usr/bin/env python3
"""Checks a document as those do who read its format: check.py KIND FILE.

Ends with 1, and says why, if it is not valid.

Run it with the python of the environment that tests/exports/venv prints. It reads no network.
"""

import io
import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path


def sarif(path):
    """By the schema of the standard, and by what the standard says beside it."""
    from jsonschema import validators

    schema = json.loads(Path(sys.prefix, "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    validator = validators.validator_for(schema)
    log = json.loads(Path(path).read_text(encoding="utf-8"))
    for error in validator(schema, format_checker=validator.FORMAT_CHECKER).iter_errors(log):
        yield f"{error.json_path}: {error.message}"
    for run in log.get("runs", []):
        driver = run["tool"]["driver"]
        rules = [rule["id"] for rule in driver.get("rules", [])]
        notes = [note["id"] for note in driver.get("notifications", [])]
        bases = run.get("originalUriBaseIds", {})
        if len({"baselineState" in result for result in run.get("results", [])}) > 1:
            yield "some results say what became of them, and others do not"
        for result in run.get("results", []):
            rule = result["ruleId"]
            if rules[result["ruleIndex"]] != rule:
                yield f"{rule}: ruleIndex points at another rule"
            if result.get("kind", "fail") != "fail" and result.get("level", "warning") != "none":
                yield f"{rule}: a result that is no failure has a level"
            if not result.get("locations"):
                yield f"{rule}: a result without a place"
            for location in result.get("locations", []) + result.get("relatedLocations", []):
                artifact = location.get("physicalLocation", {}).get("artifactLocation", {})
                if artifact and artifact.get("uriBaseId") not in bases:
                    yield f"{rule}: {artifact} has no base"
                if not re.fullmatch(r"([A-Za-z0-9._~/-]|%[0-9A-F]{2})*", artifact.get("uri", "")):
                    yield f"{rule}: {artifact} is no path"
        for invocation in run.get("invocations", []):
            for note in invocation.get("toolExecutionNotifications", []):
                if notes[note["descriptor"]["index"]] != note["descriptor"]["id"]:
                    yield f"{note['descriptor']['id']}: index points at another notification"


def oscal(path):
    """As compliance-trestle reads it, which takes any method: those of OSCAL are checked here."""
    from trestle.oscal.assessment_results import AssessmentResults

    try:
        document = AssessmentResults.oscal_read(Path(path))
    except Exception as error:  # trestle wraps whatever its models throw
        yield str(error)
        return
    if document is None:
        yield "no assessment results"
        return
    data = json.loads(Path(path).read_text(encoding="utf-8"))["assessment-results"]
    for result in data["results"]:
        for observation in result.get("observations", []):
            for method in observation["methods"]:
                if method not in ("EXAMINE", "INTERVIEW", "TEST", "UNKNOWN"):
                    yield f"{observation['title']}: {method} is no method"
    yield from ids(data)


def ids(data):
    """Ids that are defined twice, and references to none."""
    defined, used = [], []

    def walk(value):
        if isinstance(value, dict):
            for name, inner in value.items():
                if name == "uuid":
                    defined.append(inner)
                elif name.endswith("-uuid"):
                    used.append(inner)
                elif name == "href" and inner.startswith("#"):
                    used.append(inner[1:])
                else:
                    walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(data)
    for one in sorted({one for one in defined if defined.count(one) > 1}):
        yield f"{one} is defined twice"
    for one in sorted(set(used) - set(defined)):
        yield f"{one} is referred to and nowhere defined"


def cyclonedx(version, path):
    """By the strict validator, and by references, which it does not see."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = Path(path).read_text(encoding="utf-8")
    error = JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(text)
    if error is not None:
        at = "/".join(str(step) for step in error.data.absolute_path)
        yield f"{at}: {error.data.message}"
        return
    said = json.loads(text)["specVersion"]
    if said != version:
        yield f"it says that it is of version {said}"
    bom = json.loads(text)
    refs, twice = set(), []

    def add(thing):
        ref = thing.get("bom-ref")
        if ref in refs:
            twice.append(ref)
        refs.add(ref)
        for part in thing.get("components", []) + thing.get("services", []):
            add(part)

    # The schema sees neither a reference to nothing nor one that stands for two things.
    add({**bom["metadata"].get("component", {}), **{k: bom.get(k, []) for k in ("components", "services")}})
    links = [ref for edge in bom.get("dependencies", []) for ref in [edge["ref"], *edge.get("dependsOn", [])]]
    declared = bom.get("declarations", {})
    standards = bom.get("definitions", {}).get("standards", [])
    requirements = [one for standard in standards for one in standard.get("requirements", [])]
    targets = declared.get("targets", {}).get("components", [])
    for thing in [*standards, *requirements, *targets, *(
        one for kind in ("assessors", "claims", "evidence") for one in declared.get(kind, [])
    )]:
        add(thing)
    links += [one["parent"] for one in requirements if "parent" in one]
    for claim in declared.get("claims", []):
        links += [claim["target"], *claim.get("evidence", []), *claim.get("counterEvidence", [])]
    for attestation in declared.get("attestations", []):
        links.append(attestation["assessor"])
        for part in attestation.get("map", []):
            links += [part["requirement"], *part.get("claims", [])]
            if "score" in part.get("conformance", {}):
                yield f"{part['requirement']}: a level of maturity is no share of conformance"
    for composition in bom.get("compositions", []):
        links += composition.get("assemblies", []) + composition.get("dependencies", [])
    yield from (f"{ref} is there twice" for ref in twice)
    yield from (f"{ref} is referred to and not there" for ref in sorted(set(links) - refs))


def spdx(path):
    """As the bindings of SPDX read and write it."""
    from spdx_python_model import v3_0_1 as model

    text = Path(path).read_text(encoding="utf-8")
    objects = model.SHACLObjectSet()
    try:
        model.JSONLDDeserializer().read(io.BytesIO(text.encode()), objects)
        # What is required is checked when it is written.
        model.JSONLDSerializer().write(objects, io.BytesIO())
    except (KeyError, TypeError, ValueError) as error:
        yield str(error)
        return
    yield from (f"{missing} is referred to and not there" for missing in sorted(objects.link()))
    ids = [thing.get("spdxId", thing.get("@id")) for thing in json.loads(text)["@graph"]]
    yield from (f"{one} is there twice" for one in sorted({one for one in ids if ids.count(one) > 1}))


def pipeline(schema, *options):
    """Jobs of a product for CI, by the schema that check-jsonschema ships."""

    def check(path):
        asked = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, "--force-filetype", "yaml"]
        ended = subprocess.run([*asked, *options, path], capture_output=True, text=True, check=False)
        if ended.returncode:
            yield ended.stdout + ended.stderr

    return check


KINDS = {
    "cyclonedx-1.6": partial(cyclonedx, "1.6"),
    "cyclonedx-1.7": partial(cyclonedx, "1.7"),
    "github": pipeline("vendor.github-workflows"),
    "gitlab": pipeline("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    "oscal": oscal,
    "sarif": sarif,
    "spdx": spdx,
}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in KINDS:
        sys.exit(f"usage: check.py {{{','.join(KINDS)}}} FILE")
    errors = list(KINDS[sys.argv[1]](sys.argv[2]))
    for error in errors:
        print(f"{sys.argv[2]}: {error}", file=sys.stderr)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
