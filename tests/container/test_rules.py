"""The files of the container agree with each other and with the program; and where they would not, it is noticed."""

import pytest

from rules import FILES, RULES, Case

IMAGE, COMPOSE, IGNORED, DOCUMENT = FILES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_holds(rule, case):
    assert list(rule(case)) == []


# A file, what stands in it, what stands there instead, and the rule that is broken by that.
MUTATIONS = [
    (IMAGE, "FANQ_HOST=0.0.0.0", "FANQ_HOST=0.0.0.0 FANQ_DATADIR=/x", "variables_are_known"),
    (COMPOSE, "    read_only", "    environment: {FANQ_REGIN: x}\n    read_only", "variables_are_known"),
    (DOCUMENT, "name: FANQ_MAX_STATE", "name: FANQ_MAX_STATES", "variables_are_known"),
    (IMAGE, "EXPOSE 4566", "EXPOSE 4567", "ports_are_the_default"),
    (COMPOSE, "127.0.0.1:4566:4566", "127.0.0.1:4566:8080", "ports_are_the_default"),
    (DOCUMENT, "containerPort: 4566", "containerPort: 80", "ports_are_the_default"),
    (IMAGE, "FANQ_HOST=0.0.0.0", "FANQ_HOST=127.0.0.1", "the_hub_is_reached_from_outside_the_container"),
    (COMPOSE, '"127.0.0.1:4566:4566"', '"4566:4566"', "ports_are_published_on_loopback"),
    (COMPOSE, "127.0.0.1:4566", "0.0.0.0:4566", "ports_are_published_on_loopback"),
    (IMAGE, "FANQ_DATA_DIR=/var/lib/fanq", "FANQ_DATA_DIR=/data", "data_has_one_place"),
    (IMAGE, 'VOLUME ["/var/lib/fanq"]', 'VOLUME ["/data"]', "data_has_one_place"),
    (IMAGE, "/image/var/lib/fanq /var/lib/fanq", "/image/var/lib/fanq /data", "data_has_one_place"),
    (COMPOSE, "data:/var/lib/fanq", "data:/data", "data_has_one_place"),
    (COMPOSE, "data:/var/lib/fanq", "./data:/var/lib/fanq", "data_has_one_place"),
    (DOCUMENT, "mountPath: /var/lib/fanq", "mountPath: /data", "data_has_one_place"),
    (IMAGE, "USER 65532:65532", "USER root", "the_user_is_a_number_and_not_root"),
    (IMAGE, "USER 65532:65532", "USER 0:0", "the_user_is_a_number_and_not_root"),
    (IMAGE, "USER 65532:65532", "USER nonroot", "the_user_is_a_number_and_not_root"),
    (IMAGE, "--chown=65532:65532", "--chown=1000:1000", "the_user_is_a_number_and_not_root"),
    (COMPOSE, "    read_only", "    user: root\n    read_only", "the_user_is_a_number_and_not_root"),
    (DOCUMENT, "runAsUser: 65532", "runAsUser: 1000", "the_user_is_a_number_and_not_root"),
    (IMAGE, 'ENTRYPOINT ["/usr/local/bin/fanq"]', 'ENTRYPOINT ["/fanq"]', "the_program_is_where_it_is_called"),
    (IMAGE, "fanq /usr/local/bin/fanq\n", "fanq /usr/bin/fanq\n", "the_program_is_where_it_is_called"),
    (IMAGE, "--from=build /image/usr/local/bin", "--from=build /usr/local/bin", "what_is_copied_was_built"),
    (IMAGE, "install -D target/dist/fanq /image/", "install -D target/dist/fanq /", "what_is_copied_was_built"),
    (IMAGE, "--profile dist", "--profile release", "the_build_is_that_of_a_release"),
    (IMAGE, "target/dist/", "target/release/", "the_build_is_that_of_a_release"),
    (IMAGE, "--locked ", "", "the_build_is_that_of_a_release"),
    (IMAGE, "rust:1.95.0-", "rust:1.94.0-", "bases_are_pinned"),
    (IMAGE, "rust:1.95.0-slim-trixie", "rust:slim-trixie", "bases_are_pinned"),
    (IMAGE, "cc-debian13:nonroot", "cc-debian13:debug", "bases_are_pinned"),
    (IMAGE, "cc-debian13:nonroot", "cc", "bases_are_pinned"),
    (IMAGE, "slim-trixie", "slim-bookworm", "both_stages_have_one_debian"),
    (IMAGE, "cc-debian13", "cc-debian12", "both_stages_have_one_debian"),
    (IGNORED, "!filters\n", "", "the_builder_gets_all_sources_and_no_more"),
    (IGNORED, "!Cargo.lock\n", "", "the_builder_gets_all_sources_and_no_more"),
    (IGNORED, "*\n!", "!", "the_builder_gets_all_sources_and_no_more"),
    (COMPOSE, "dockerfile: hub/Dockerfile", "dockerfile: Dockerfile", "compose_builds_this_dockerfile"),
    (IMAGE, 'CMD ["serve"]', 'CMD ["server"]', "the_command_is_accepted"),
    (IMAGE, 'CMD ["serve"]', 'CMD ["serve", "--prot", "1"]', "the_command_is_accepted"),
    (IMAGE, 'CMD ["serve"]', 'CMD ["demo"]', "the_command_is_accepted"),
    (COMPOSE, "    read_only", "    command: [demo]\n    read_only", "the_command_is_accepted"),
    (IMAGE, '"--ready"', '"--redy"', "the_health_command_is_accepted"),
    (IMAGE, ', "--ready"', "", "the_health_command_is_accepted"),
    (IMAGE, '"health"', '"healthy"', "the_health_command_is_accepted"),
    (IMAGE, 'CMD ["/usr/local/bin/fanq", "h', 'CMD ["/bin/fanq", "h', "the_health_command_is_accepted"),
    (DOCUMENT, "value: 384MiB", "value: 384Miles", "the_health_command_is_accepted"),
    (COMPOSE, '"--ready"', '"--redy"', "both_health_checks_are_the_same"),
    (COMPOSE, '"CMD", ', "", "both_health_checks_are_the_same"),
    (COMPOSE, "retries: 3", "retries: 4", "both_health_checks_are_the_same"),
    (IMAGE, "--timeout=6s", "--timeout=3s", "a_health_check_may_take_its_time"),
    (IMAGE, "--start-period=5m", "--start-period=5s", "a_health_check_may_take_its_time"),
    (COMPOSE, "stop_grace_period: 20s", "stop_grace_period: 8s", "a_stop_may_take_its_time"),
    (DOCUMENT, "GracePeriodSeconds: 30", "GracePeriodSeconds: 5", "a_stop_may_take_its_time"),
    (IMAGE, "STOPSIGNAL SIGTERM", "STOPSIGNAL SIGQUIT", "the_stop_signal_is_one_that_the_hub_heeds"),
    (COMPOSE, "read_only: true", "read_only: false", "the_root_is_read_only"),
    (COMPOSE, "    read_only", "    tmpfs: [/tmp]\n    read_only", "the_root_is_read_only"),
    (COMPOSE, "fanq\n    read_only", "fanq\n      - /:/machine\n    read_only", "the_root_is_read_only"),
    (DOCUMENT, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "the_root_is_read_only"),
    (COMPOSE, "cap_drop: [ALL]", "cap_add: [ALL]", "there_are_no_privileges"),
    (COMPOSE, "    read_only", "    privileged: true\n    read_only", "there_are_no_privileges"),
    (COMPOSE, "no-new-privileges:true", "no-new-privileges:false", "there_are_no_privileges"),
    (DOCUMENT, "drop: [ALL]", "drop: [KILL]", "there_are_no_privileges"),
    (DOCUMENT, "runAsNonRoot: true", "runAsNonRoot: false", "there_are_no_privileges"),
    (IMAGE, 'image.version="', 'image.version="9.', "labels_say_what_it_is"),
    (IMAGE, "MIT OR Apache-2.0", "MIT", "labels_say_what_it_is"),
    (DOCUMENT, "path: /health", "path: /ready", "probes_ask_what_they_should"),
]


@pytest.mark.parametrize(("file", "old", "new", "rule"), MUTATIONS)
def test_a_rule_notices(file, old, new, rule, texts, program):
    assert texts[file].count(old) >= 1, f"{old!r} does not stand in {file} any more"
    case = Case({**texts, file: texts[file].replace(old, new)}, program)
    broken = {named.__name__ for named in RULES if list(named(case))}
    assert rule in broken


def test_each_rule_can_be_broken():
    assert {rule for *_, rule in MUTATIONS} == {rule.__name__ for rule in RULES}


def test_a_command_needs_no_shell(texts, program):
    """The image has none, so that a command as text would not run; it is not even read."""
    for old, new in [('["serve"]', "serve"), ('["/usr/local/bin/fanq", "health", "--ready"]', "fanq health --ready")]:
        case = Case({**texts, IMAGE: texts[IMAGE].replace(old, new)}, program)
        with pytest.raises(ValueError):
            [list(rule(case)) for rule in RULES]
