"""What commands print is the same under any locale, and a reader who has seen enough is no error."""

import subprocess
import sys

PROGRAM = "from infra.terminal import write_lines; write_lines(f'第 {n} 行' for n in range(100_000))"


def test_chinese_is_printed_where_the_locale_knows_none() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from infra.terminal import write_lines; write_lines(['护航'])"],
        env={"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert run.stdout.decode() == "护航\n"


def test_a_reader_who_has_seen_enough_is_no_error() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.readline().decode() == "第 0 行\n"
        run.stdout.close()
        assert (run.stderr.read(), run.wait()) == (b"", 0)
