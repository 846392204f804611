"""A fake of the programs `openstack` and `az`, as far as snapshots of volumes and disks go: no cloud is behind it. What it prints has
the form of what python-openstackclient 10.5 and az 2.91 print, errors included; it keeps what there is in the file that
FAKE_CLOUD names, and writes its calls down beside it.

What a volume or disk is called says what happens to its snapshots: "used" is attached, "full" is over the quota, "broken" ends in an
error, "slow" never ends, "lasting" is whole when it is looked at the second time, "gone" vanishes.
"""
import json
import os
import sys
import uuid

PLACE = os.environ["FAKE_CLOUD"]
NAME, WORDS = os.path.basename(sys.argv[0]), sys.argv[1:]
with open(PLACE + ".log", "a") as log:
    log.write(NAME + " " + " ".join(WORDS) + "\n")
try:
    with open(PLACE) as file:
        ALL = json.load(file)
except FileNotFoundError:
    ALL = {"snapshots": {}, "new": {}}


def ends(text, code=1):
    print(text, file=sys.stderr)
    sys.exit(code)


def option(name):
    return WORDS[WORDS.index(name) + 1] if name in WORDS else None


def options(name):
    return [WORDS[at + 1] for at, word in enumerate(WORDS) if word == name]


def pairs(words):
    return dict(word.split("=", 1) for word in words)


def save():
    # whole or not at all: one that was interrupted may still write while the next one reads
    own = f"{PLACE}.{os.getpid()}"
    with open(own, "w") as file:
        json.dump(ALL, file)
    os.replace(own, PLACE)


def say(value):
    save()
    print(json.dumps(value))


def moved(kind, key, ready, failed, busy):
    """What is there, a look later."""
    one = ALL[kind].get(key)
    if one is None:
        return None
    one["looks"] += 1
    of = one["of"]
    if "gone" in of and one["looks"] > 1:
        return None
    state = failed if "broken" in of else busy if "slow" in of or ("lasting" in of and one["looks"] < 2) else ready
    one["state"] = state
    return one


def made(kind, key, of, name, tags, busy):
    ALL[kind][key] = {"id": key, "of": of, "name": name, "tags": tags, "state": busy, "looks": 0}
    return ALL[kind][key]


def openstack():
    url = "http://198.51.100.1:8776/v3/p"

    def shown(one):
        return {"created_at": "2026-11-29T06:28:03.736436", "description": None, "id": one["id"], "name": one["name"],
                "properties": one["tags"], "size": 1, "status": one["state"], "updated_at": None, "volume_id": one["of"]}

    def row(one):
        return {"ID": one["id"], "Name": one["name"], "Description": None, "Status": one["state"], "Size": 1,
                "Created At": "2026-11-29T06:28:03.000000", "Volume": one["of"], "Properties": one["tags"]}

    states = ("available", "error", "creating")
    words = " ".join(word for word in WORDS[:3] if not word.startswith("-"))
    if words == "volume snapshot create":
        of = option("--volume")
        if of == "none":
            ends("No Volume found for none")
        if "used" in of and "--force" not in WORDS:
            ends(f"BadRequestException: 400: Client Error for url: {url}/snapshots, Invalid volume: Volume {of} status must be "
                 "available, but current status is: in-use.")
        if "full" in of:
            ends(f"HttpException: 413: Client Error for url: {url}/snapshots, SnapshotLimitExceeded: Maximum number of snapshots "
                 "allowed (10) exceeded")
        say(shown(made("snapshots", str(uuid.uuid4()), of, WORDS[-1], pairs(options("--property")), "creating")))
    elif words == "volume snapshot list":
        say([row(one) for one in ALL["snapshots"].values()])
    elif words == "volume snapshot show":
        one = moved("snapshots", WORDS[-1], *states)
        say(shown(one)) if one else ends(f"No Snapshot found for {WORDS[-1]}")
    elif words == "volume snapshot set":
        ALL["snapshots"][WORDS[-1]]["tags"].update(pairs(options("--property")))
        save()
    elif words == "volume snapshot delete":
        if ALL["snapshots"].pop(WORDS[-1], None) is None:
            ends(f"Failed to delete snapshot with name or ID '{WORDS[-1]}': No Snapshot found for {WORDS[-1]}\n1 of 1 snapshots failed to delete.")
        save()
    elif words.startswith("volume create"):
        of = ALL["snapshots"][option("--snapshot")]["of"]
        say(shown(made("new", str(uuid.uuid4()), of, WORDS[-1], pairs(options("--property")), "creating")))
    elif words.startswith("volume show"):
        one = moved("new", WORDS[-1], *states)
        say(shown(one)) if one else ends(f"No Volume found for {WORDS[-1]}")
    elif words.startswith("volume delete"):
        ALL["new"].pop(WORDS[-1])
        save()
    else:
        ends(f"openstack: '{' '.join(WORDS)}' is not an openstack command.")


def az():
    group = option("--resource-group")
    if group == "none":
        ends("ERROR: (ResourceGroupNotFound) Resource group 'none' could not be found.\nCode: ResourceGroupNotFound\n"
             "Message: Resource group 'none' could not be found.", 3)

    def shown(one):
        return {"id": one["id"], "name": one["name"], "tags": one["tags"], "provisioningState": one["state"], "diskSizeGb": 4,
                "incremental": True, "completionPercent": 100.0, "timeCreated": "2026-11-29T06:28:03+00:00"}

    def tags():
        return pairs(WORDS[WORDS.index("--tags") + 1:]) if "--tags" in WORDS else {}

    def key(kind, name):
        return f"/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Compute/{kind}/{name}"

    states = ("Succeeded", "Failed", "Updating")
    what, ids = WORDS[:2], option("--ids")
    if what == ["snapshot", "create"]:
        of = option("--source")
        if of == "none":
            ends("ERROR: (NotFound) Disk none is not found.\nCode: NotFound\nMessage: Disk none is not found.", 3)
        name = option("--name")
        say(shown(made("snapshots", key("snapshots", name), of, name, tags(), "Updating")))
    elif what == ["snapshot", "list"]:
        say([shown(one) for one in ALL["snapshots"].values()])
    elif what == ["snapshot", "show"]:
        one = moved("snapshots", ids, *states)
        say(shown(one)) if one else ends("ERROR: (ResourceNotFound) The Resource was not found.", 3)
    elif what == ["snapshot", "delete"]:
        del ALL["snapshots"][ids]
        save()
    elif what == ["tag", "update"]:
        ALL["snapshots"][option("--resource-id")]["tags"].update(tags())
        say({})
    elif what == ["disk", "show"] and ids is None:
        say({"id": key("disks", option("--name")), "sku": {"name": "Premium_LRS"}, "zones": ["2"], "managedBy": "/subscriptions/s/vm/web"})
    elif what == ["disk", "show"]:
        one = moved("new", ids, *states)
        say(shown(one)) if one else ends("ERROR: (ResourceNotFound) The Resource was not found.", 3)
    elif what == ["disk", "create"]:
        of, name = ALL["snapshots"][option("--source")]["of"], option("--name")
        say(shown(made("new", key("disks", name), of, name, tags(), "Updating")))
    elif what == ["disk", "delete"]:
        del ALL["new"][ids]
        save()
    else:
        ends(f"ERROR: '{' '.join(WORDS)}' is misspelled or not recognized by the system.", 2)


az() if NAME == "az" else openstack()
