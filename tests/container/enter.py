"""Runs as root of new namespaces: makes a folder the root, read-only but for its volumes, and becomes the program.

The program is another user in a further namespace, without a capability, as a container engine has it. It gets the id
of the process that this is: the first. Where the machine does not allow that, the exit code is NOT_ALLOWED.
"""

import json
import os
import shutil
import subprocess
import sys

NOT_ALLOWED = 77


def main():
    settings = json.loads(sys.argv[1])
    root = settings["root"]
    mount("--bind", root, root)
    for volume in settings["volumes"]:
        mount("--bind", volume, volume)
    mount("--bind", "/dev/null", f"{root}/dev/null")
    mount("--types", "proc", "proc", f"{root}/proc")
    mount("--options", "remount,bind,ro", root)
    others = ["--user", f"--map-user={settings['user']}", f"--map-group={settings['group']}"]
    places = [f"--root={root}", f"--wd={settings['folder']}"]
    become(["setpriv", "--no-new-privs", shutil.which("unshare"), *others, *places, *settings["command"]], settings)


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr.strip(), file=sys.stderr)
        sys.exit(NOT_ALLOWED)


def become(command, settings):
    os.execve(shutil.which(command[0]), command, settings["environment"])


if __name__ == "__main__":
    main()
