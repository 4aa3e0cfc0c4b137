#!/usr/bin/env python3
"""Another implementation of minisign: keys.py make FOLDER PASSWORD | verify FOLDER KEY.

`make` writes the pair of keys `auditor.key`, which has that password, and `auditor.pub` into the folder. `verify`
checks the manifest of a bundle, and prints what its signer said of it; it ends with 1 where the signature is none.

Run it with the python of the environment that tests/exports/venv prints. It reads no network.
"""

import sys
from pathlib import Path

import minisign


def make(folder, password):
    pair = minisign.KeyPair.generate()
    pair.secret_key.encrypt(password)
    Path(folder, "auditor.key").write_bytes(bytes(pair.secret_key) + b"\n")
    Path(folder, "auditor.pub").write_bytes(bytes(pair.public_key) + b"\n")


def verify(folder, key):
    public = minisign.PublicKey.from_file(key)
    signature = minisign.Signature.from_file(Path(folder, "manifest.json.minisig"))
    try:
        public.verify(Path(folder, "manifest.json").read_bytes(), signature)
    except minisign.VerifyError as error:
        sys.exit(f"{folder}: {error}")
    print(signature.trusted_comment)


if __name__ == "__main__":
    {"make": make, "verify": verify}[sys.argv[1]](*sys.argv[2:])
