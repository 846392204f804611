"""Runs tools/sops_oracle.py over many files in one process.

Usage: oracle_driver.py FOLDER_OF_THE_ORACLE KEYFILE...
Reads one JSON job per line, answers one JSON line per job:
  {"do": "decrypt", "format": F, "file": BASE64}            -> {"plain": BASE64} or {"exit": N, "error": TEXT}
  {"do": "encrypt", "format": F, "plain": BASE64, "age": [[...]], "threshold": N, "rule": {NAME: TEXT},
   "mac_only": BOOL}                                          -> {"file": BASE64, "plain": BASE64} or exit
The plain text is dotenv for dotenv, the bytes for binary, else JSON.
"""
import base64
import copy
import json
import secrets
import sys

sys.path.insert(0, sys.argv[1])
import sops_oracle as oracle  # noqa: E402


def decode(text):
    return base64.b64decode(text).decode("utf-8", "surrogateescape")


def encode(text):
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()


def printed(branches, fmt):
    return oracle.emit(branches, {"dotenv": "dotenv", "binary": "raw"}.get(fmt, "json"))


def decrypt(job, ids, files):
    fmt = job["format"]
    branches, _, _ = oracle.open_encrypted(decode(job["file"]), fmt, ids, files)
    return {"plain": encode(printed(branches, fmt))}


def encrypt(job):
    fmt, text = job["format"], decode(job["plain"])
    branches = [oracle.Map([["data", text]])] if fmt == "binary" else oracle.load(text, fmt)
    plain = printed(copy.deepcopy(branches), fmt)
    meta = dict(job["rule"])
    if not meta and fmt != "binary":
        meta["unencrypted_suffix"] = oracle.DEFAULT_UNENCRYPTED_SUFFIX
    meta["mac_only_encrypted"] = job["mac_only"]
    meta["version"] = oracle.ORACLE_VERSION
    key = secrets.token_bytes(32)
    groups = job["age"]
    shares = [key]
    if len(groups) > 1:
        meta["shamir_threshold"] = job["threshold"]
        shares = oracle.shamir_split(key, len(groups), job["threshold"])
    empty = {"kms": [], "gcp_kms": [], "hckms": [], "azure_kv": [], "hc_vault": [], "pgp": []}
    meta["groups"] = [{**empty, "age": [{"recipient": r, "enc": oracle.age_wrap(r, share)} for r in recipients]}
                      for recipients, share in zip(groups, shares)]
    oracle.seal(branches, meta, key)
    return {"file": encode(oracle.emit_encrypted(branches, meta, "json" if fmt == "binary" else fmt)), "plain": encode(plain)}


def main():
    ids, files = oracle.load_identities(sys.argv[2:])
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = decrypt(job, ids, files) if job["do"] == "decrypt" else encrypt(job)
        except oracle.SopsError as error:
            answer = {"exit": error.code, "error": str(error)}
        except Exception as error:  # the oracle is small: say what it could not do
            answer = {"exit": -1, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer))


main()
