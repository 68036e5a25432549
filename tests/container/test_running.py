"""The image's own commands in its own environment, run for real."""

import http.server
import re
import shutil
import threading

import pytest

from container import Container, Isolated
from enter import NOT_ALLOWED

# A checkpoint is made when the log has grown by 256 MiB.
CHECKPOINT_MESSAGES = 270
MESSAGE_BYTES = 1 << 20


@pytest.fixture
def plain(case, program, tmp_path):
    container = Container(case.dockerfile, program, tmp_path)
    yield container
    container.end()


@pytest.fixture
def isolated(case, program, tmp_path):
    if missing := [name for name in ["unshare", "nsenter", "setpriv", "ldd"] if not shutil.which(name)]:
        pytest.skip(f"a root of its own: there is no {missing[0]}")
    container = Isolated(case.dockerfile, program, tmp_path)
    tried = container.run([*container.image.words("ENTRYPOINT"), "--version"])
    if tried.returncode == NOT_ALLOWED or "unshare failed" in tried.stderr:
        pytest.skip(f"a root of its own is not allowed here: {tried.stderr.strip()}")
    yield container
    container.end()


@pytest.fixture(params=["plain", "isolated"])
def container(request):
    return request.getfixturevalue(request.param)


def health(container, case):
    _, command = case.dockerfile.health
    return container.run(command).returncode


def test_a_container_is_healthy_while_it_serves(container, case):
    assert health(container, case) == 1
    container.start()
    assert health(container, case) == 0
    assert container.stop() == 0
    assert health(container, case) == 1
    assert any(name.endswith(".checkpoint") for name in container.volume(case.environment["FANQ_DATA_DIR"]))
    assert not container.changed(), "something was written beside the volumes"


def test_checkpoints_backups_and_restores_work_in_a_container(container, case):
    [program] = container.image.words("ENTRYPOINT")
    data = case.environment["FANQ_DATA_DIR"]
    container.start()
    queue = container.ask("CreateQueue", QueueName="orders")["QueueUrl"]
    for _ in range(CHECKPOINT_MESSAGES):
        container.ask("SendMessage", QueueUrl=queue, MessageBody="x" * MESSAGE_BYTES)
    container.log.wait_for("a checkpoint was made")
    copied = container.run([program, "backup", data, "/backups/monday"])
    assert copied.returncode == 0, copied.stderr
    assert container.stop() == 0
    for place in [data, "/backups/monday"]:
        checked = container.run([program, "check", place])
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert re.search(rf"state .* {CHECKPOINT_MESSAGES} messages", checked.stdout), checked.stdout
    container.empty(data)
    restored = container.run([program, "restore", "/backups/monday", data])
    assert restored.returncode == 0, restored.stderr
    container.start()
    assert container.ask("ReceiveMessage", QueueUrl=queue)["Messages"]
    assert container.stop() == 0
    assert not container.changed(), "something was written beside the volumes"


def test_a_file_that_is_mounted_counts_for_the_hub_and_its_health(container, case):
    port = container.environment.pop("FANQ_PORT")
    file = container.inside(container.image.value("WORKDIR")) / "fanq.toml"
    file.write_text(f"[server]\nport = {port}\n")
    container.start()
    assert container.ask("ListQueues") == {}
    assert health(container, case) == 0
    assert container.stop() == 0


def test_a_container_has_a_user_and_a_first_process_of_its_own(isolated):
    """Or the tests above would show less than they say."""
    isolated.start()
    process = isolated.main_process()
    status = (process / "status").read_text()
    for line in [r"NSpid:.*\t1", r"CapEff:\t0+", r"NoNewPrivs:\t1"]:
        assert re.search(f"^{line}$", status, re.MULTILINE), status
    user = (process / "uid_map").read_text().split()[0]
    assert user == isolated.image.value("USER").partition(":")[0]
    mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
    writable = {place for _, _, _, _, place, options, *_ in mounts if options.startswith("rw")}
    assert writable == {*isolated.volumes, "/proc", "/dev/null"}


def test_a_hub_with_its_data_beside_the_volume_does_not_start(isolated):
    isolated.environment["FANQ_DATA_DIR"] = "/data"
    ended = isolated.run([*isolated.image.words("ENTRYPOINT"), *isolated.image.words("CMD")])
    assert ended.returncode == 1
    assert "Read-only file system" in ended.stderr


def test_a_hub_that_reads_its_log_is_not_healthy(plain, case):
    """What a hub answers meanwhile comes from a stand-in here: a log that takes long to read takes long to write."""

    class Door(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/health" else 503)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", plain.port), Door) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        assert health(plain, case) == 1
        # So it is `--ready` that makes the difference.
        _, command = case.dockerfile.health
        assert plain.run([word for word in command if word != "--ready"]).returncode == 0
        door.shutdown()
