"""Facts become plain English: one sentence for the whole, and a chain of short ones in order of time.

All words are in the tables; nothing is said that is not in the facts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from skllm.motion.facts import Fact

_NAMES = {"hand": ("hand", "hands"), "elbow": ("elbow", "elbows"), "foot": ("foot", "feet"), "knee": ("knee", "knees"), "head": ("head", "heads"),
          "hips": ("hips", "hips"), "trunk": ("trunk", "trunks"), "body": ("body", "bodies")}
_VERBS = {"move": ("goes", "go"), "lean": ("tilts", "tilt"), "turn": ("turns", "turn"), "travel": ("travels", "travel"), "step": ("steps", "step"),
          "lift": ("leaves the floor", "leave the floor"), "bend": ("bends", "bend"), "straighten": ("straightens", "straighten"),
          "back": ("comes", "come"), "stay": ("stays", "stay")}
_WAYS = {"up": "up", "down": "down", "forward": "forward", "back": "back", "out": "out to the side", "in": "inwards", "across": "across the body",
         "left": "to the left", "right": "to the right"}
_AGAIN = {"up": "back up", "down": "back down", "forward": "forward again", "back": "back again", "out": "out again", "in": "in again",
          "across": "across again", "left": "back to the left", "right": "back to the right"}
_TO_AND_FRO = {"up": "up and down", "down": "down and up", "forward": "forward and back", "back": "back and forward", "out": "out and in",
               "in": "in and out", "across": "in and out", "left": "left and right", "right": "right and left"}
_UNDOES = {"bend": "straighten", "straighten": "bend"}
_THROUGH = {"out": "the side", "forward": "the front", "back": "the back"}
_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten"}
_TOUCHES = {"hand": "the hands come together", "head": "{0} comes close to the head", "knee": "{0} comes close to a knee"}
_IN_TURN = {"foot": "the two feet step in turn, {0} steps in all", "hand": "the hands swing forward and back in turn"}
_STANCES = {("foot", "forward"): "{0} is {1} in front of the other", ("foot", "out"): "the feet are {1} apart",
            ("hand", "crown"): "{0} {2} above the head", ("hand", "shoulders"): "{0} {2} above the shoulders"}
_KEPT = {("support", "foot"): "on the floor and carries the body", ("stay", "foot"): "in place", ("stay", "elbow"): "in place",
         ("bent", "elbow"): "bent", ("straight", "elbow"): "straight", ("straight", "knee"): "straight", ("stay", "hand"): "still",
         ("stay", "trunk"): "upright"}
_CARRIED = {("stay", "hand"): "still relative to the trunk"}           # instead of still, where the trunk itself moves
_OPENERS = {"start": "At the start ", "first": "First ", "then": "Then ", "same": "At the same time ", "end": "Finally ", "kept": "Meanwhile "}
_JOINTS = {"cause": "{0}, so {1}", "same": "{0}, and at the same time {1}", "while": "{0}, while {1}", "and": "{0} and {1}",
           "list": "{0}, {1} and {2}"}
_ENDINGS = {"by": " by {0}", "far": " far", "through": " through {0}", "times": " {0} times", "back": " and {0} back", "steps": " in {0} steps",
            "again": " again"}
_UNITS = {"m": "{0:.1f} m", "cm": "{0} cm", "degrees": "{0} degrees"}
_STILL = ("The whole body holds still.", ("First the body holds still.", "At the end nothing has moved."))

# What brings about what, at the same time: (kind, part, direction) of the cause and of its effect.
_CAUSES = {(("bend", "knee", "bend"), ("move", "hips", "down")), (("bend", "knee", "straighten"), ("move", "hips", "up"))}
# How telling a metre, a degree, or the thing itself is.
_WEIGHTS = {("move", "hips"): 2.5, ("move", "hand"): 1.0, ("move", "foot"): 1.2, ("move", "head"): 0.8, ("move", "knee"): 0.5, ("move", "elbow"): 0.5,
            ("travel", "body"): 1.5, ("turn", "body"): 1 / 80, ("lean", "trunk"): 1 / 100, ("bend", "knee"): 1 / 250, ("bend", "elbow"): 1 / 300,
            ("step", "foot"): 0.6, ("lift", "foot"): 1.0}
_FLAT_WEIGHTS = {"touch": 0.25, "alternate": 0.8}
# What is left out beside what: the end of a limb tells more than its middle, a way more than its steps.
_HIDDEN_BY = {
    ("move", "elbow"): {("move", "hand")}, ("bend", "elbow"): {("travel", "body")}, ("bend", "knee"): {("travel", "body")},
    ("move", "knee"): {("move", "foot"), ("bend", "knee"), ("move", "hips"), ("lift", "foot"), ("travel", "body")},
    ("step", "foot"): {("move", "foot"), ("travel", "body")}, ("lift", "foot"): {("move", "foot"), ("step", "foot"), ("travel", "body")},
    ("move", "hand"): {("alternate", "hand")},
}
_TOLD = 7                # so many facts at most make the chain
_SENTENCES = 5
_SMALL = 0.2             # beside the most telling (or beside 1, if that is less), facts under this share are left out
_SECOND = 0.5            # and the summary names a second from this share
_AS_TELLING = 0.8        # of those nearly as telling as the most, the summary begins with the first
_FAR_BENT = 135          # degrees; beyond it sensors are not to be trusted with a number
_SHARED = 0.4            # of the shorter's time, for two facts to stand in one sentence
_KEEP = 3                # things that stay, at most
_OPPOSITES = {"up": {"down"}, "down": {"up"}, "forward": {"back"}, "back": {"forward"}, "left": {"right"}, "right": {"left"},
              "out": {"in", "across"}, "in": {"out"}, "across": {"out"}}
_ENDS = {"elbow": "hand", "knee": "foot"}


def summary(facts: Sequence[Fact]) -> str:
    """One sentence: what moves most, how, and how often; of no facts, that nothing could be measured."""
    if not facts:
        return "Nothing could be measured."
    told = _told(facts)
    if not told:
        return _STILL[0]
    onward = [one for one in told if not one.returns] or told
    main = min((one for one in onward if _weight(one) >= _AS_TELLING * _weight(onward[0])), key=lambda one: (one.start, -_weight(one)))
    others = [one for one in onward if one.part != main.part and _weight(one) >= _SECOND * _weight(main)]
    whole = _clause(main) + _return_or_steps(main, facts)
    return _sentence(_JOINTS["while"].format(whole, _clause(others[0])) if others else whole)


def chain(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Two to five short sentences in order of time, and what supports or brings about what where that was measured; none of no facts."""
    if not facts:
        return ()
    told = _told(facts)[:_TOLD]
    if not told:
        return _STILL[1]
    around = _standing(facts), _kept(facts, told)
    phases = _phases(sorted(told, key=lambda one: (one.start, one.stop, -_weight(one))), _SENTENCES - sum(map(len, around)))
    openers = [_OPENERS["first" if n == 0 else "end" if n == len(phases) - 1 else "then"] for n in range(len(phases))]
    return (*around[0], *(_sentence(opener + _joined(phase)) for opener, phase in zip(openers, phases, strict=True)), *around[1])


def _weight(one: Fact) -> float:
    return _FLAT_WEIGHTS.get(one.kind) or _WEIGHTS.get((one.kind, one.part), 0) * one.amount * one.count ** 0.5


def _told(facts: Sequence[Fact]) -> list[Fact]:
    """The facts worth telling, the most telling first."""
    sides: dict[tuple[str, str], set[str]] = {}
    for one in facts:
        sides.setdefault((one.kind, one.part), set()).add(one.side)
    weighed = [(_weight(one), one) for one in facts if not _hidden(one, sides)]
    least = _SMALL * min(1.0, max((weight for weight, _ in weighed), default=0.0))
    return [one for weight, one in sorted(weighed, key=lambda pair: (-pair[0], pair[1].start)) if weight > 0 and weight >= least]


def _hidden(one: Fact, sides: Mapping[tuple[str, str], set[str]]) -> bool:
    """Something that tells more is there, and not only on the other side."""
    opposite = {"left": {"right"}, "right": {"left"}}.get(one.side, set())
    return any(sides.get(key, set()) - opposite for key in _HIDDEN_BY.get((one.kind, one.part), ()))


def _phases(told: Sequence[Fact], most: int) -> list[list[Fact]]:
    """Facts that share their time stand together; of more phases than there may be, the most telling."""
    groups: list[list[Fact]] = []
    for one in told:
        if groups and all(_at_once(one, other) for other in groups[-1]):
            groups[-1].append(one)
        else:
            groups.append([one])
    best = sorted(map(_most_telling, groups), key=lambda group: -max(map(_weight, group)))[:most]
    return sorted(best, key=lambda group: min(one.start for one in group))


def _most_telling(group: list[Fact]) -> list[Fact]:
    """Two facts, or three where one brings about another; nothing twice of the same part, nor of left and right what was not together."""
    kept: list[Fact] = []
    for one in sorted(group, key=lambda one: -_weight(one)):
        alike = [other for other in kept if (one.kind, one.part) == (other.kind, other.part)]
        if not any(one.direction == other.direction or one.side == other.side for other in alike):
            kept.append(one)
    kept = kept[:3 if any(_brings(a, b) for a in kept[:3] for b in kept[:3]) or any(one.kind == "travel" for one in kept) else 2]
    return [one for one in group if one in kept]


def _at_once(a: Fact, b: Fact) -> bool:
    """They share their time; of a repetition the first to-and-fro counts."""
    until = [one.start + (one.stop - one.start) / one.count for one in (a, b)]
    return min(until) - max(a.start, b.start) >= _SHARED * min(until[0] - a.start, until[1] - b.start)


def _brings(cause: Fact, effect: Fact) -> bool:
    ways = effect.direction, *effect.also
    return any(((cause.kind, cause.part, cause.direction), (effect.kind, effect.part, way)) in _CAUSES for way in ways) and _at_once(cause, effect)


def _joined(phase: Sequence[Fact]) -> str:
    for cause, effect in ((a, b) for a in phase for b in phase if _brings(a, b)):
        rest = [_clause(one) for one in phase if one not in (cause, effect)]
        whole = _JOINTS["cause"].format(_clause(cause), _clause(effect))
        return _JOINTS["same"].format(whole, rest[0]) if rest else whole
    return _JOINTS["same"].format(_clause(phase[0]), _listed(list(map(_clause, phase[1:])))) if len(phase) > 1 else _clause(phase[0])


def _subject(one: Fact) -> str:
    name, many = _NAMES[one.part]
    return f"both {many}" if one.side == "both" else f"the {name}" if one.side == "middle" else f"the {one.side} {name}"


def _verb(name: str, one: Fact) -> str:
    return _VERBS[name][one.side == "both" or one.part == "hips"]


def _amount(one: Fact) -> str:
    """Rounded so that a little noise seldom changes it: to 10 cm of a way, 5 cm of a limb, 10 degrees; nothing where this is none."""
    if one.kind in ("bend", "lean", "turn"):
        unit, number = "degrees", round(one.amount / 10) * 10
    else:
        unit, number = ("m", round(one.amount, 1)) if one.kind == "travel" else ("cm", round(one.amount * 20) * 5)
    return _UNITS[unit].format(number) if number else ""


def _clause(one: Fact) -> str:
    """What one fact says, without a full stop."""
    if one.kind == "touch":
        return _TOUCHES[one.direction].format(_subject(one)) + _times(one.count)
    if one.kind == "alternate":
        return _IN_TURN[one.part].format(_NUMBERS.get(one.count, str(one.count)))
    if one.kind == "lift":
        return f"{_subject(one)} {_verb('lift', one)}"
    verb = _verb(one.direction if one.kind == "bend" else "back" if one.returns and one.kind == "move" and one.count == 1 else one.kind, one)
    return f"{_subject(one)} {verb}{_manner(one)}"


def _manner(one: Fact) -> str:
    """Which way, how far, how often."""
    amount = _amount(one)
    far = _ENDINGS["far"] if one.kind == "bend" and one.amount > _FAR_BENT else _ENDINGS["by"].format(amount) if amount else ""
    if one.count > 1:
        way = _JOINTS["and"].format("", _verb(_UNDOES[one.direction], one)) if one.kind == "bend" else f" {_TO_AND_FRO[one.direction]}"
        return f"{way}{far}{_times(one.count)}"
    if one.kind == "bend":
        return _ENDINGS["again"] if one.returns else far
    if one.returns:
        return f" {_AGAIN[one.direction]}"
    return f" {_listed([_WAYS[word] for word in (one.direction, *one.also)])}{far}{_way_through(one)}"


def _way_through(one: Fact) -> str:
    past = [_THROUGH[word] for word in one.through if word in _THROUGH]
    return _ENDINGS["through"].format(_listed(past)) if past and one.part in ("hand", "foot") else ""


def _times(count: int) -> str:
    return _ENDINGS["times"].format(_NUMBERS.get(count, str(count))) if count > 1 else ""


def _return_or_steps(one: Fact, facts: Sequence[Fact]) -> str:
    """ "and comes back" where the next such movement undoes it; how many steps a way takes."""
    steps = sum(fact.kind == "step" for fact in facts)
    if one.kind == "travel":
        return _ENDINGS["steps"].format(_NUMBERS.get(steps, str(steps))) if steps > 1 else ""
    if one.kind not in ("move", "lean") or one.count > 1:
        return ""
    later = [fact for fact in facts if (fact.kind, fact.part, fact.side) == (one.kind, one.part, one.side) and fact.start > one.start]
    undone = later and later[0].returns and _OPPOSITES[one.direction] & {later[0].direction, *later[0].also}
    return _ENDINGS["back"].format(_verb("back", one)) if undone else ""


def _standing(facts: Sequence[Fact]) -> tuple[str, ...]:
    """How the person stands at the start, where that is told."""
    lines = [_STANCES[one.part, one.direction].format(_subject(one), _amount(one), "are" if one.side == "both" else "is")
             for one in facts if one.kind == "stance"]
    return (_sentence(_OPENERS["start"] + _listed(lines[:2])),) if lines else ()


def _kept(facts: Sequence[Fact], told: Sequence[Fact]) -> tuple[str, ...]:
    """What stays: the foot that carries the body or both feet, the joints of a limb that moves, a hand that does not, the trunk."""
    carried = any(one.part in ("hips", "trunk", "body") for one in told)
    stepping = {side for one in facts if one.part == "foot" and one.kind in ("move", "lift", "step") for side in _sides(one)}
    said: dict[str, list[str]] = {}
    for key, words in _KEPT.items():
        for one in [_of_moving(one, told) for one in facts if (one.kind, one.part) == key]:
            if one and not (one.part == "foot" and _sides(one) & stepping) and not (carried and key == ("stay", "elbow")):
                said.setdefault(f"{_subject(one)} {_verb('stay', one)}", []).append(_CARRIED.get(key, words) if carried else words)
    lines = [f"{subject} {_listed(list(dict.fromkeys(words))[:1 if 'foot' in subject else 2])}" for subject, words in said.items()]
    return (_sentence(_OPENERS["kept"] + _listed(lines[:_KEEP])),) if lines else ()


def _sides(one: Fact) -> set[str]:
    return {"left", "right"} if one.side == "both" else {one.side}


def _of_moving(one: Fact, told: Sequence[Fact]) -> Fact | None:
    """Of an elbow or a knee, the fact for the sides whose hand or foot moves."""
    if one.part not in _ENDS:
        return one
    sides = _sides(one) & {side for other in told if other.part == _ENDS[one.part] for side in _sides(other)}
    return replace(one, side="both" if len(sides) == 2 else sides.pop()) if sides else None


def _listed(words: Sequence[str]) -> str:
    return {1: "{0}", 2: _JOINTS["and"], 3: _JOINTS["list"]}[len(words)].format(*words)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."
