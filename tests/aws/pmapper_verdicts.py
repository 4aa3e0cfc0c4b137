"""Prints as JSON what the evaluator of PMapper decides about each case of a list of requests in JSON."""

import collections
import collections.abc
import json
import sys

# PMapper 1.1.5 takes them from where Python had them before 3.10.
collections.Mapping = collections.abc.Mapping
collections.MutableMapping = collections.abc.MutableMapping

from principalmapper.common import Node, Policy  # noqa: E402
from principalmapper.querying.query_interface import local_check_authorization_full  # noqa: E402


def policies(arn, documents):
    """Documents as PMapper holds them."""
    return [Policy(arn, f"policy-{number}", document) for number, document in enumerate(documents)]


def node(case):
    """Who asks, with what is attached to them."""
    arn, boundary = case["principal"], case["boundary"]
    return Node(
        arn,
        "AIDAEXAMPLE" if ":user/" in arn else "AROAEXAMPLE",
        attached_policies=policies(arn, case["identity"]),
        group_memberships=[],
        trust_policy=None if ":user/" in arn else {},
        instance_profile=None,
        num_access_keys=0,
        active_password=False,
        # An administrator is no special case for this function: all is decided by policies.
        is_admin=False,
        permissions_boundary=boundary and policies(arn, [boundary])[0],
        has_mfa=False,
        tags=None,
    )


def verdict(case):
    """Whether PMapper allows a request, or the name of what it fails with."""
    levels = [policies(case["principal"], level) for level in case["scps"]]
    try:
        return local_check_authorization_full(
            node(case),
            case["action"],
            case["resource"],
            case["context"],
            resource_policy=case["resource_policy"],
            resource_owner=case["owner"],
            service_control_policy_groups=levels or None,
            session_policy=case["session"],
        )
    except Exception as error:  # Whatever a policy makes it fail with is its answer.
        return type(error).__name__


def main():
    """Reads the file that is named, or standard input."""
    with open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else sys.stdin as source:
        cases = json.load(source)
    json.dump([verdict(case) for case in cases], sys.stdout)


if __name__ == "__main__":
    main()
