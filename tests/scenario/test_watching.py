"""A folder that is watched, however it is named: what is written, changed and deleted there is what is played."""

import os
from pathlib import Path

import pytest
from support.served import ROOT, get, served

STORY = "name: mine\nrules: [{name: old, reply: {text: One.}}]\n"


@pytest.mark.parametrize("named", ["absolute", "relative", "a link"])
def test_a_folder_may_be_named_in_any_way(named: str, tmp_path: Path) -> None:
    """A file keeps one name: a changed one plays, one that is deleted is gone, and a new one is found once."""
    stories = tmp_path / "stories"
    stories.mkdir()
    (tmp_path / "link").symlink_to(stories)
    file = stories / "mine.yaml"
    file.write_text(STORY, encoding="utf-8")
    folder = {"absolute": str(stories), "relative": os.path.relpath(stories, ROOT), "a link": str(tmp_path / "link")}[
        named
    ]
    with served("--scenarios", folder, "--watch", "--log-level", "error") as server:
        shown = get("/_emulator/scenarios/mine")
        assert b'"name":"old"' in server.ask(shown)
        while b'"name":"new"' not in (told := server.ask(shown)):
            file.write_text(STORY.replace("old", "new"), encoding="utf-8")
        assert f'"source":"{folder}/mine.yaml"'.encode() in told
        os.mkfifo(stories / "pipe.yaml")
        file.rename(stories / "other.yaml")
        while f'"source":"{folder}/other.yaml"'.encode() not in (told := server.ask(shown)):
            pass
        (stories / "other.yaml").unlink()
        while b" 404 " not in (told := server.ask(shown)):
            pass
        assert server.stop().stderr.count("already belongs") == 0
