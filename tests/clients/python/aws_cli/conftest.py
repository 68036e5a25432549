"""The AWS CLI in every version that there is here."""

import pytest

from program import VERSION_1, AwsCli, version_2


def pytest_generate_tests(metafunc):
    if "aws" in metafunc.fixturenames:
        metafunc.parametrize("aws", [1, 2] if version_2() else [1], indirect=True)


@pytest.fixture
def aws(request, environment, tmp_path):
    program = VERSION_1 if request.param == 1 else version_2()
    return AwsCli(program, request.param, environment, tmp_path)
