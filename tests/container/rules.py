"""What must hold between the files of the container and the program; a rule yields what does not."""

import re
import signal
import tomllib

import yaml

from context import is_sent, sources
from dockerfile import Dockerfile
from hub import REPOSITORY

FILES = ["hub/Dockerfile", "docker-compose.yml", ".dockerignore", "docs/container.md"]

# A port on which no program listens, below those that systems give out.
NOBODY = "1"


class Case:
    """The files as they are, or as a test changed them, and the program."""

    def __init__(self, texts, program):
        self.dockerfile = Dockerfile(texts["hub/Dockerfile"])
        self.image = self.dockerfile.image
        self.environment = self.dockerfile.environment
        self.compose = yaml.safe_load(texts["docker-compose.yml"])
        self.service = self.compose["services"]["fanq"]
        self.ignored = texts[".dockerignore"]
        self.pod = pod(texts["docs/container.md"])
        self.pod_environment = {it["name"]: it["value"] for it in self.pod["containers"][0].get("env", [])}
        self.program = program


def pod(document):
    """The workload that the document shows for Kubernetes."""
    blocks = re.findall(r"```yaml\n(.*?)```", document, re.DOTALL)
    parts = [part for block in blocks for part in yaml.safe_load_all(block)]
    return next(part for part in parts if part.get("kind") == "StatefulSet")["spec"]["template"]["spec"]


def variables_are_known(case):
    for name in [*case.environment, *case.service.get("environment", {}), *case.pod_environment]:
        if name.startswith("FANQ_") and name not in case.program.variables:
            yield f"{name} is not a variable of fanq serve"


def ports_are_the_default(case):
    _, _, inside = case.service["ports"][0].rpartition(":")
    exposed = case.image.values("EXPOSE")
    shown = [port["containerPort"] for port in case.pod["containers"][0]["ports"]]
    if {*exposed, inside, *map(str, shown)} != {str(case.program.port)}:
        yield f"the hub listens on {case.program.port}, not {exposed}, {inside} and {shown}"


def the_hub_is_reached_from_outside_the_container(case):
    if case.environment.get("FANQ_HOST") != "0.0.0.0":
        yield "the hub listens on loopback, where nobody outside of the container is"


def ports_are_published_on_loopback(case):
    for port in case.service["ports"]:
        if not port.startswith("127.0.0.1:"):
            yield f"{port} is open to everybody who can reach the machine"


def data_has_one_place(case):
    volumes = [volume.split(":") for volume in case.service["volumes"]]
    mounted = [place for source, place in volumes if source in case.compose["volumes"]]
    shown = [mount["mountPath"] for mount in case.pod["containers"][0]["volumeMounts"]]
    owned = [target for flags, [_, target] in case.dockerfile.copies if "chown" in flags]
    places = [*case.image.words("VOLUME"), *mounted, *shown, *owned]
    if len(places) != 4 or {*places} != {case.environment["FANQ_DATA_DIR"]}:
        yield f"the data folder is {case.environment['FANQ_DATA_DIR']}, not {places}"


def the_user_is_a_number_and_not_root(case):
    user = case.image.value("USER")
    owners = [flags["chown"] for flags, _ in case.dockerfile.copies if "chown" in flags]
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) or owners != [user]:
        yield f"the user is {user}, and the data folder belongs to {owners}"
    context = case.pod["securityContext"]
    if f"{context['runAsUser']}:{context['fsGroup']}" != user or "user" in case.service:
        yield f"the user is {user} in the image and another elsewhere"


def the_program_is_where_it_is_called(case):
    placed = [target for flags, [_, target] in case.dockerfile.copies if "chown" not in flags]
    if case.image.words("ENTRYPOINT") != placed:
        yield f"{placed} is copied, {case.image.words('ENTRYPOINT')} is called"


def what_is_copied_was_built(case):
    step = case.dockerfile.build.value("RUN")
    made = re.findall(r"install .*?(\S+)(?: &&|$)", re.sub(r"\s+", " ", step))
    copied = [source for flags, [source, _] in case.dockerfile.copies if flags["from"] == "build"]
    if made != copied:
        yield f"{made} are made, {copied} are copied"


def the_build_is_that_of_a_release(case):
    profiles = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())["profile"]
    step = case.dockerfile.build.value("RUN")
    [profile] = re.findall(r"--profile (\S+)", step)
    if profile != "dist" or profile not in profiles or f"target/{profile}/fanq" not in step:
        yield f"the profile {profile} is not what is shipped"
    if " --locked " not in step:
        yield "the build may change Cargo.lock"


def bases_are_pinned(case):
    toolchain = tomllib.loads((REPOSITORY / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    base = case.dockerfile.build.base
    if not base.startswith(f"rust:{toolchain}-"):
        yield f"{base} is not Rust {toolchain}"
    if not re.fullmatch(r"gcr\.io/distroless/cc-debian\d+:nonroot", case.image.base):
        yield f"{case.image.base} does not say what it is"


def both_stages_have_one_debian(case):
    releases = {"bookworm": "12", "trixie": "13"}
    built = releases.get(case.dockerfile.build.base.rpartition("-")[2])
    if case.image.base.partition("debian")[2].partition(":")[0] != built:
        yield f"{case.dockerfile.build.base} has another C library than {case.image.base}"


def the_builder_gets_all_sources_and_no_more(case):
    for name in sources():
        if not is_sent(case.ignored, name):
            yield f"{name} is not sent to the builder"
    for name in ["target/release/fanq", ".git/HEAD", "fanq-data/store", "tests/__pycache__/a.pyc", "README.md"]:
        if is_sent(case.ignored, name):
            yield f"{name} is sent to the builder"


def compose_builds_this_dockerfile(case):
    build = case.service["build"]
    if build["context"] != "." or build["dockerfile"] != "hub/Dockerfile":
        yield f"{build} is another image"


def the_command_is_accepted(case):
    # With its help asked for, a command is read to its end and not run.
    command = [*case.image.words("CMD"), "--help"]
    if (ended := case.program.run(*command, **case.environment)).returncode != 0:
        yield f"{command}: {ended.stderr}"
    if case.image.words("CMD") != ["serve"] or "command" in case.service or "entrypoint" in case.service:
        yield "a container does something else than to serve"


def the_health_command_is_accepted(case):
    _, command = case.dockerfile.health
    if command[:1] != case.image.words("ENTRYPOINT"):
        yield f"{command} is not the program"
    # The variables are read, too; with nobody to ask, the answer is 1. Wrong usage would be 2.
    ended = case.program.run(*command[1:], **{**case.environment, **case.pod_environment, "FANQ_PORT": NOBODY})
    if ended.returncode != 1:
        yield f"{command} ends with {ended.returncode}: {ended.stderr}"
    if "--ready" not in command:
        yield f"{command} calls a hub well that does not serve yet"


def both_health_checks_are_the_same(case):
    flags, command = case.dockerfile.health
    check = case.service["healthcheck"]
    times = {name.replace("_", "-"): str(value) for name, value in check.items() if name != "test"}
    if check["test"] != ["CMD", *command] or times != flags:
        yield f"the image says {command} {flags}, the compose file {check}"


def a_health_check_may_take_its_time(case):
    flags, _ = case.dockerfile.health
    if seconds(flags["timeout"]) <= case.program.health_s or seconds(flags["start-period"]) < 60:
        yield f"{flags} ends a check, or a start, that may still go well"


def a_stop_may_take_its_time(case):
    # The hub may use all of its time, and the system some more for what was written.
    if seconds(case.service["stop_grace_period"]) < 2 * case.program.stop_s:
        yield f"the hub takes up to {case.program.stop_s} s to stop, and is killed before that"
    if case.pod.get("terminationGracePeriodSeconds", 30) < 2 * case.program.stop_s:
        yield "Kubernetes kills the hub before it has stopped"


def the_stop_signal_is_one_that_the_hub_heeds(case):
    if getattr(signal, case.image.value("STOPSIGNAL"), None) not in (signal.SIGTERM, signal.SIGINT):
        yield f"{case.image.value('STOPSIGNAL')} does not stop a hub"


def the_root_is_read_only(case):
    if case.service.get("read_only") is not True or "tmpfs" in case.service:
        yield "the container can write to more than its volume"
    if [volume.split(":")[0] for volume in case.service["volumes"]] != list(case.compose["volumes"]):
        yield f"{case.service['volumes']} are more than the data"
    if case.pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is not True:
        yield "Kubernetes lets the hub write to more than its volume"


def there_are_no_privileges(case):
    if case.service.get("cap_drop") != ["ALL"] or {"cap_add", "privileged", "pid", "network_mode"} & {*case.service}:
        yield "the container has capabilities"
    if case.service.get("security_opt") != ["no-new-privileges:true"]:
        yield "the container may gain privileges"
    context = case.pod["containers"][0]["securityContext"]
    if context["capabilities"] != {"drop": ["ALL"]} or context["allowPrivilegeEscalation"] is not False:
        yield "Kubernetes gives the hub privileges"
    if case.pod["securityContext"].get("runAsNonRoot") is not True:
        yield "Kubernetes lets the hub run as root"


def labels_say_what_it_is(case):
    package = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())["workspace"]["package"]
    hub = tomllib.loads((REPOSITORY / "hub/Cargo.toml").read_text())["package"]
    expected = {
        "title": hub["name"],
        "description": hub["description"],
        "version": case.program.version,
        "licenses": package["license"],
    }
    for name, value in expected.items():
        if (label := case.dockerfile.labels.get(f"org.opencontainers.image.{name}")) != value:
            yield f"the label says that the {name} is {label}, not {value}"


def probes_ask_what_they_should(case):
    container = case.pod["containers"][0]
    asked = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ["liveness", "readiness"]}
    if asked != {"liveness": "/health", "readiness": "/ready"}:
        yield f"{asked}: a hub that reads its log would be killed, or be called before it is ready"


def seconds(text):
    """A duration such as 1m30s."""
    units = {"h": 3600, "m": 60, "s": 1}
    parts = re.findall(r"(\d+)([hms])", text)
    assert "".join(number + unit for number, unit in parts) == text, f"{text} is not a duration"
    return sum(int(number) * units[unit] for number, unit in parts)


RULES = [
    variables_are_known,
    ports_are_the_default,
    the_hub_is_reached_from_outside_the_container,
    ports_are_published_on_loopback,
    data_has_one_place,
    the_user_is_a_number_and_not_root,
    the_program_is_where_it_is_called,
    what_is_copied_was_built,
    the_build_is_that_of_a_release,
    bases_are_pinned,
    both_stages_have_one_debian,
    the_builder_gets_all_sources_and_no_more,
    compose_builds_this_dockerfile,
    the_command_is_accepted,
    the_health_command_is_accepted,
    both_health_checks_are_the_same,
    a_health_check_may_take_its_time,
    a_stop_may_take_its_time,
    the_stop_signal_is_one_that_the_hub_heeds,
    the_root_is_read_only,
    there_are_no_privileges,
    labels_say_what_it_is,
    probes_ask_what_they_should,
]
