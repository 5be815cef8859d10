"""`flowrun init` makes a project that the other commands accept at once."""

from tests.support.commands import flowrun


def test_it_says_what_it_wrote_and_what_comes_next(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    ran = flowrun(capsys, "init", "shop")
    assert ran.code == 0
    assert ran.out.strip() == "flowrun execute shop/flows/support_reply.flow.yaml"
    assert "written  shop/flowrun.yaml\n" in ran.err
    again = flowrun(capsys, "init", "shop")
    assert again.code == 0
    assert "written" not in again.err
    assert "kept     shop/flowrun.yaml\n" in again.err


def test_with_a_key_the_next_command_is_still_offline(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    ran = flowrun(capsys, "init")
    assert ran.out.strip() == (
        "flowrun execute flows/support_reply.flow.yaml"
        " --endpoint scripted:flows/support_reply.replies.yaml"
    )


def test_what_it_made_is_sound(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flowrun(capsys, "init")
    ran = flowrun(capsys, "check", "flows")
    assert (ran.code, ran.out) == (0, "1 flow checked, nothing wrong\n")


def test_what_it_made_runs_offline_by_the_command_it_names(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    command = flowrun(capsys, "init", "shop").out.split()
    ran = flowrun(capsys, *command[1:])
    assert ran.code == 0, ran.err
    assert "Thursday" in ran.out
    assert "find_order completed" in ran.err


def test_a_file_in_the_way_is_bad_usage(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("", "utf-8")
    ran = flowrun(capsys, "init", "taken")
    assert ran.code == 64
    assert ran.err.startswith("error: `taken`: ")
