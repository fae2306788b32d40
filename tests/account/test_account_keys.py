"""Keys and what they may do: policies, and the keys that the registry makes, shows once, replaces and revokes."""

import json
import re
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError, convert
from msgspec.structs import replace
from support.saving import restored, saved

from emulator.account import registry as room
from emulator.account.keys import label
from emulator.account.policy import UNLIMITED, Policy
from emulator.account.registry import Registry
from emulator.core.clock import EPOCH
from emulator.core.errors import Rejected
from emulator.core.seeds import Seed

CHANCE = Seed.of("keys")


def refused(call: Callable[[], object]) -> tuple[int, str | None]:
    """The status and the code of a refusal."""
    with pytest.raises(Rejected) as caught:
        call()
    return caught.value.error.http_status, caught.value.error.cause


# ---------------------------------------------------------------------------------------------- policies


def test_a_policy_without_limits_lets_everyone_pass() -> None:
    """Nothing is limited unless it is said."""
    UNLIMITED.authorize(4e9)
    UNLIMITED.check_model("any/model")


def test_a_key_expires_at_its_moment() -> None:
    """Just before it passes, from then on it is a 401, also when it is disabled as well."""
    policy = Policy(expires=EPOCH + 10)
    policy.authorize(EPOCH + 9.999)
    assert refused(lambda: policy.authorize(EPOCH + 10)) == (401, "api_key_expired")
    both = Policy(expires=EPOCH, disabled=True)
    assert refused(lambda: both.authorize(EPOCH)) == (401, "api_key_expired")
    assert refused(lambda: both.authorize(EPOCH - 1)) == (403, "api_key_disabled")


@pytest.mark.parametrize(
    ("globs", "model", "allowed"),
    [
        (("zai-org/GLM-5.3",), "zai-org/GLM-5.3", True),
        (("zai-org--GLM-5.3",), "zai-org/GLM-5.3", True),
        (("*glm*",), "zai-org/GLM-5.3", True),
        (("Qwen/*", "openai/gpt-oss-?0b"), "openai/gpt-oss-20b", True),
        (("Qwen/*", "openai/gpt-oss-?0b"), "openai/gpt-oss-120b", False),
        (("openai/[g]pt*",), "openai/gpt-oss-20b", False),
        (("GLM",), "zai-org/GLM-5.3", False),
        ((), "zai-org/GLM-5.3", False),
    ],
)
def test_a_key_may_use_the_models_of_its_policy(globs: tuple[str, ...], model: str, allowed: bool) -> None:
    """By id in either form or by glob, whatever the case; every other model is a 403 that names those it may use."""
    policy = Policy(models=globs)
    assert policy.allows(model) == allowed
    if not allowed:
        assert refused(lambda: policy.check_model(model)) == (403, "model_not_allowed")
        with pytest.raises(Rejected, match=re.escape(", ".join(globs) or "none")):
            policy.check_model(model)


@pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_minute", "concurrency"])
def test_a_limit_is_one_or_more(name: str) -> None:
    """Zero is a mistake that is told, in Python and from JSON."""
    with pytest.raises(ValueError, match=f"{name} cannot be 0: expected 1 or more"):
        replace(UNLIMITED, **{name: 0})
    with pytest.raises(ValidationError, match=name):
        convert({name: 0}, Policy)


# ---------------------------------------------------------------------------------------------- the registry


def test_a_key_is_shown_once() -> None:
    """It has AkashML's form; neither the list nor the saved state has it."""
    keys = Registry()
    assert keys.records() == ()
    record, key = keys.create(EPOCH, "mine", Policy(3), CHANCE)
    assert re.fullmatch(r"akml-[0-9A-Za-z]{32}", key)
    assert (record.id, record.name, record.shown, record.status(EPOCH)) == ("key_1", "mine", label(key), "active")
    assert keys.records() == (record,) == (keys.get("key_1"),)
    assert key not in repr(keys.records()) and key not in json.dumps(saved(keys))
    assert keys.authorize(key, EPOCH) == record


def test_a_key_that_nobody_made_is_not_managed() -> None:
    """What becomes of it is for others to decide; ids of unknown keys are KeyErrors."""
    keys = Registry()
    assert keys.authorize("akml-0123456789abcdef", EPOCH) is None
    for call in (lambda: keys.get("key_1"), lambda: keys.revoke("key_1", 0), lambda: keys.regenerate("key_1", CHANCE)):
        with pytest.raises(KeyError):
            call()


def test_the_same_chance_makes_different_keys() -> None:
    """And the same ones again in another registry."""
    keys, others = Registry(), Registry()
    made = [keys.create(EPOCH, "", UNLIMITED, CHANCE)[1] for _ in range(5)]
    assert len(set(made)) == 5
    assert made == [others.create(EPOCH, "", UNLIMITED, CHANCE)[1] for _ in range(5)]


def test_a_regenerated_key_replaces_the_old_one() -> None:
    """Name, id and policy stay; the old key is a 401 that says why; a revoked key comes back to life."""
    keys = Registry()
    record, old = keys.create(EPOCH, "mine", Policy(3), CHANCE)
    keys.revoke("key_1", EPOCH)
    renewed, new = keys.regenerate("key_1", CHANCE)
    assert old != new and (renewed.id, renewed.name, renewed.policy) == (record.id, record.name, record.policy)
    assert refused(lambda: keys.authorize(old, EPOCH)) == (401, "api_key_revoked")
    assert keys.authorize(new, EPOCH) == renewed and renewed.status(EPOCH) == "active"


def test_what_has_become_of_a_key() -> None:
    """Revoked, expired and disabled keys stay listed, and each is refused in its own words."""
    keys = Registry()
    made = {what: keys.create(EPOCH, what, UNLIMITED, CHANCE) for what in ("revoked", "expired", "disabled")}
    keys.revoke(made["revoked"][0].id, EPOCH + 1)
    keys.revoke(made["revoked"][0].id, EPOCH + 2)
    keys.update(made["expired"][0].id, Policy(expires=EPOCH + 1))
    keys.update(made["disabled"][0].id, Policy(disabled=True))
    assert [record.status(EPOCH + 1) for record in keys.records()] == list(made)
    assert keys.get("key_1").revoked == EPOCH + 1
    answers = {what: refused(partial(keys.authorize, key, EPOCH + 1)) for what, (_, key) in made.items()}
    assert answers == {
        "revoked": (401, "api_key_revoked"),
        "expired": (401, "api_key_expired"),
        "disabled": (403, "api_key_disabled"),
    }


def test_the_registry_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full one forgets the oldest revoked key, and says so when there is none; replaced keys are bounded too."""
    monkeypatch.setattr(room, "MAX_KEYS", 2)
    keys = Registry()
    for name in ("one", "two"):
        keys.create(EPOCH, name, UNLIMITED, CHANCE)
    with pytest.raises(ValueError, match="2 API keys, as many as can be: revoke one"):
        keys.create(EPOCH, "three", UNLIMITED, CHANCE)
    keys.revoke("key_2", EPOCH)
    keys.create(EPOCH, "three", UNLIMITED, CHANCE)
    assert [record.name for record in keys.records()] == ["one", "three"]
    replaced = [keys.regenerate("key_1", CHANCE)[1] for _ in range(4)]
    assert keys.authorize(replaced[0], EPOCH) is None
    assert refused(lambda: keys.authorize(replaced[2], EPOCH)) == (401, "api_key_revoked")


DEEDS = st.sampled_from(["create", "regenerate", "revoke", "expire", "update", "save"])


@given(st.lists(st.tuples(DEEDS, st.integers(0, 3)), max_size=20))
def test_every_key_has_one_fate(deeds: list[tuple[str, int]]) -> None:
    """Whatever is done in whatever order, saving in between: each key ever made is what was last made of it."""
    keys, now = Registry(), EPOCH
    fates: dict[str, str] = {}
    current: dict[str, str] = {}
    for deed, which in deeds:
        now += 1
        if deed == "create":
            record, key = keys.create(now, "", UNLIMITED, CHANCE)
            current[record.id], fates[key] = key, "active"
        elif deed == "save":
            data = saved(keys)
            keys = restored(Registry, data)
            assert saved(keys) == data
        elif current:
            id = list(current)[which % len(current)]
            old = current[id]
            if deed == "regenerate":
                expired = keys.get(id).policy.expires is not None
                current[id] = keys.regenerate(id, CHANCE)[1]
                fates |= {old: "api_key_revoked", current[id]: "api_key_expired" if expired else "active"}
            elif deed == "revoke":
                keys.revoke(id, now)
                fates[old] = "api_key_revoked"
            elif deed == "expire":
                keys.update(id, Policy(expires=now))
                fates[old] = fates[old] if fates[old] == "api_key_revoked" else "api_key_expired"
            else:
                keys.update(id, UNLIMITED)
                fates[old] = fates[old] if fates[old] == "api_key_revoked" else "active"
    for key, fate in fates.items():
        if fate == "active":
            assert keys.authorize(key, now) is not None
        else:
            assert refused(partial(keys.authorize, key, now)) == (401, fate)
