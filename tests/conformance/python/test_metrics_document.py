"""What the documents show to be pasted into Prometheus."""

import re
import shutil
import subprocess

import pytest

from hub import REPOSITORY

DOCUMENT = (REPOSITORY / "docs" / "metrics.md").read_text()


def expressions():
    """Those of the tables of CloudWatch's names."""
    tables = DOCUMENT.split("\n## CloudWatch's names\n")[1]
    rows = [line.strip("|").split(" | ") for line in tables.splitlines() if line.startswith("| `")]
    assert len(rows) > 20
    return [code for row in rows for code in re.findall("`([^`]+)`", row[1]) if "fanq_" in code]


@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool to read expressions with")
def test_prometheus_can_read_every_alert_and_expression(tmp_path):
    alerts = tmp_path / "alerts.yml"
    alerts.write_text(re.search(r"^```yaml\n(groups:.*?)^```", DOCUMENT, flags=re.MULTILINE | re.DOTALL)[1])
    recorded = tmp_path / "recorded.yml"
    rules = [f"      - record: cloudwatch:{number}\n        expr: '{each}'\n" for number, each in enumerate(expressions())]
    recorded.write_text("groups:\n  - name: cloudwatch\n    rules:\n" + "".join(rules))
    said = subprocess.run(["promtool", "check", "rules", alerts, recorded], capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"SUCCESS: {len(rules)} rules found" in said.stdout
