"""An action word becomes what one expects to see and not to see when it is done: plain claims about the body, by name."""

from skllm.benchmarks.similar import said, stems
from skllm.benchmarks.unfoldings import ACTIONS, MANNERS, STANCES

_EMPTY = frozenset("a an the some his her its my your their heavy light big small large little with s".split())
_WHOLE = frozenset("arms_still trunk_upright feet_stay stands_throughout".split())           # of two actions, one that breaks it is enough
_ENDS = frozenset("hips_sink hips_rise hand_rises hand_sinks sits_at_start sits_at_end ends_as_began one_hand both_hands_move".split())
_BOTH = {
    "hand_above_head": "both_hands_above_head", "hand_at_head": "both_hands_at_head", "hand_below_knee": "both_hands_below_knee",
    "hand_forward": "both_hands_forward",
}


def unfold(label: str) -> dict[str, bool]:
    """The claims one expects to hold (True) and not to hold (False) when this is done; what the words leave open is absent.

    Words are known in all their forms, and of two sayings that fit at one place the longer is taken. Of several actions in one label
    what any of them shows holds, what lasts throughout holds if no action breaks it, and an end that they dispute is left open. Words
    of manner ("with two hands", "slowly") come last and overrule. Which claims there are, `skllm.motion` says. A label without a known
    word gives nothing.
    """
    found: dict[str, bool] = {}
    manner: dict[str, bool] = {}
    for claims, overrules in said(_words(label), _KNOWN):
        if overrules:
            manner |= claims
        else:
            found = _together(found, claims)
    return _handed(found | manner) if "one_hand" in manner else found | manner


def _together(one: dict[str, bool], other: dict[str, bool]) -> dict[str, bool]:
    """The claims of two actions that are done in one clip."""
    disputed = {claim for claim in one.keys() & other.keys() if one[claim] != other[claim]}
    settled = {claim: claim not in _WHOLE for claim in disputed - _ENDS}
    return {claim: holds for claim, holds in (one | other).items() if claim not in disputed} | settled


def _handed(claims: dict[str, bool]) -> dict[str, bool]:
    """What is said of a hand is said of both hands, or of one only."""
    return claims | {_BOTH[claim]: not claims["one_hand"] for claim in _BOTH if claims.get(claim)}


def _words(label: str) -> list[str]:
    return [word for word in stems(label) if word not in _EMPTY]


def sayings(text: str, stances: str = STANCES) -> list[tuple[str, tuple[str, ...]]]:
    """Every way to say something in a table, with its claims; a line that begins with spaces goes on with the one before."""
    known = {name: claims.split() for name, claims in (line.split(":") for line in stances.strip().splitlines())}
    found = []
    for line in text.strip().replace("\n  ", " ").splitlines():
        names, claims = line.split(":")
        full = tuple(one for word in claims.split() for one in (known[word[1:]] if word[0] == "@" else (word,)))
        found += [(name.strip(), full) for name in names.split(",")]
    return found


def _signs(claims: tuple[str, ...]) -> dict[str, bool]:
    return {claim.removeprefix("-"): not claim.startswith("-") for claim in claims}


_KNOWN = {
    tuple(_words(name)): (_signs(claims), overrules) for text, overrules in ((ACTIONS, False), (MANNERS, True)) for name, claims in sayings(text)
}
