"""Plain statements about one person's motion, each of which the coordinates decide or leave open.

A claim is a row with two limits on one of the numbers of `quantities`; between the limits it stays open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from skllm.motion.body import Body, body_of, busiest, is_tailed
from skllm.motion.quantities import measured
from skllm.skeleton import Skeleton

_FPS = 30                # what is recorded faster is thinned to about this
_SHORTEST, _FEWEST = 1 / 3, 5    # seconds and frames of a clip of which anything is claimed

# Name, statement, question, measure, where it surely does not hold, where it surely does.
_ROWS = (
    ("hand_above_head", "a hand goes above the head", "Does a hand go above the head?", "above head any", 0.0, 0.04),
    ("both_hands_above_head", "both hands go above the head", "Do both hands go above the head?", "above head both", 0.0, 0.04),
    ("left_hand_above_head", "the left hand goes above the head", "Does the left hand go above the head?", "above head left", 0.0, 0.04),
    ("right_hand_above_head", "the right hand goes above the head", "Does the right hand go above the head?", "above head right", 0.0, 0.04),
    ("hand_above_shoulder", "a hand goes above the shoulders", "Does a hand go above the shoulders?", "above shoulders any", -0.03, 0.03),
    ("hand_at_head", "a hand comes close to the head", "Does a hand come close to the head?", "from head any", 0.19, 0.13),
    ("both_hands_at_head", "both hands come close to the head", "Do both hands come close to the head?", "from head both", 0.19, 0.13),
    ("hand_below_knee", "a hand goes down below the knees", "Does a hand go down below the knees?", "below knees any", -0.03, 0.02),
    ("both_hands_below_knee", "both hands go down below the knees", "Do both hands go down below the knees?", "below knees both", -0.03, 0.02),
    ("hand_starts_low", "a hand is low at the beginning", "Is a hand low at the beginning?", "low at first", -0.04, 0.01),
    ("hands_meet", "the hands come together", "Do the hands come together?", "hands apart", 0.22, 0.12),
    ("hands_meet_again", "the hands come together more than once", "Do the hands come together more than once?", "meetings", 1.2, 1.8),
    ("arms_wide", "both arms are spread out to the sides", "Are both arms spread out to the sides?", "out both", 0.24, 0.31),
    ("hand_forward", "a hand is stretched out to the front", "Is a hand stretched out to the front?", "front any", 0.20, 0.27),
    ("both_hands_forward", "both hands are stretched out to the front", "Are both hands stretched out to the front?", "front both", 0.20, 0.27),
    ("hand_out", "a hand is stretched out to the side", "Is a hand stretched out to the side?", "out any", 0.24, 0.31),
    ("hand_across", "a hand crosses to the other side of the body", "Does a hand cross to the other side of the body?", "across any", 0.01, 0.05),
    ("hands_before_chest", "both hands are held before the chest", "Are both hands held before the chest?", "before chest", -0.05, 0.0),
    ("left_hand_most", "the left hand moves much more than the right", "Does the left hand move much more than the right?", "left more", 0.3, 0.6),
    ("right_hand_most", "the right hand moves much more than the left", "Does the right hand move much more than the left?", "right more", 0.3, 0.6),
    ("one_hand", "one hand moves much more than the other", "Does one hand move much more than the other?", "one more", 0.3, 0.6),
    ("both_hands_move", "both hands move about equally much", "Do both hands move about equally much?", "alike", 0.4, 0.7),
    ("hand_fast", "a hand moves fast", "Does a hand move fast?", "hand speed", 1.1, 1.8),
    ("arms_still", "the hands hardly move against the body", "Do the hands hardly move against the body?", "hand spread", 0.18, 0.10),
    ("hand_repeats", "a hand goes back and forth several times", "Does a hand go back and forth several times?", "to and fro", 3.5, 4.5),
    ("hand_rises", "a hand ends higher than it began", "Does a hand end higher than it began?", "hand rise", 0.05, 0.12),
    ("hand_sinks", "a hand ends lower than it began", "Does a hand end lower than it began?", "hand fall", 0.05, 0.12),
    ("hand_up_and_down", "a hand goes up and comes back down", "Does a hand go up and come back down?", "hand up and down", 0.08, 0.15),
    ("elbow_bends", "an elbow bends and straightens", "Does an elbow bend and straighten?", "elbow bend", 25, 45),
    ("knees_bend", "the knees bend deeply", "Do the knees bend deeply?", "knee angle", 135, 115),
    ("hips_sink", "the hips end lower than they began", "Do the hips end lower than they began?", "hips fall", 0.04, 0.09),
    ("hips_rise", "the hips end higher than they began", "Do the hips end higher than they began?", "hips rise", 0.04, 0.09),
    ("hips_down_and_up", "the hips go down and come back up", "Do the hips go down and come back up?", "hips down and up", 0.05, 0.10),
    ("trunk_bends", "the trunk bends forward deeply", "Does the trunk bend forward deeply?", "lean", 28, 42),
    ("trunk_bends_and_returns", "the trunk bends forward and returns", "Does the trunk bend forward and return?", "lean and back", 20, 32),
    ("trunk_upright", "the trunk stays upright", "Does the trunk stay upright?", "tilt", 25, 16),
    ("trunk_leans_aside", "the trunk leans to one side", "Does the trunk lean to one side?", "lean aside", 12, 19),
    ("foot_lifts", "a foot is lifted from the floor", "Is a foot lifted from the floor?", "foot up any", 0.04, 0.08),
    ("foot_high", "a foot goes as high as the other knee", "Does a foot go as high as the other knee?", "foot over knee", -0.08, -0.02),
    ("left_foot_lifts", "the left foot is lifted from the floor", "Is the left foot lifted from the floor?", "foot up left", 0.04, 0.08),
    ("right_foot_lifts", "the right foot is lifted from the floor", "Is the right foot lifted from the floor?", "foot up right", 0.04, 0.08),
    ("leg_forward", "a leg is stretched out to the front", "Is a leg stretched out to the front?", "leg front", -0.04, 0.02),
    ("leg_aside", "a leg is stretched out to the side", "Is a leg stretched out to the side?", "leg out", -0.04, 0.02),
    ("travels", "the person moves to another place", "Does the person move to another place?", "travel", 0.22, 0.42),
    ("travels_far", "the person goes farther than a body's height", "Does the person go farther than a body's height?", "travel", 0.8, 1.1),
    ("steps", "the feet step in turn, several times", "Do the feet step in turn, several times?", "steps", 1.5, 2.5),
    ("jumps", "both feet leave the floor at once", "Do both feet leave the floor at once?", "jump", 0.015, 0.035),
    ("turns_around", "the person turns by more than a quarter", "Does the person turn by more than a quarter?", "turn", 65, 105),
    ("feet_stay", "the feet stay in place", "Do the feet stay in place?", "feet spread", 0.20, 0.10),
    ("sits_at_end", "the person sits at the end", "Does the person sit at the end?", "thigh at last", 0.75, 0.6),
    ("sits_at_start", "the person sits at the beginning", "Does the person sit at the beginning?", "thigh at first", 0.75, 0.6),
    ("stands_throughout", "the person stands all the time", "Does the person stand all the time?", "least thigh", 0.6, 0.8),
    ("ends_as_began", "the person ends in the pose of the beginning", "Does the person end in the pose of the beginning?", "pose change", 0.16, 0.08),
    ("carries", "the hands are held before the body while the person walks", "Are the hands held before the body while the person walks?",
     "carry", -0.06, 0.0),
    ("whole_body_fast", "the whole body moves fast", "Does the whole body move fast?", "body speed", 0.7, 1.1),
)


@dataclass(frozen=True)
class Claim:
    """A clause that is true or false of a motion, and the question that asks for it."""

    name: str
    statement: str
    question: str


CLAIMS: Mapping[str, Claim] = {row[0]: Claim(*row[:3]) for row in _ROWS}


def claims(clip: Skeleton, person: int | None = None) -> dict[str, bool]:
    """Whether each claim holds of one person, by default the one who moves most; in the order of `CLAIMS`.

    A claim that lies between its limits, or whose joints the format lacks or the view hides, is left out.
    """
    body = body_for(clip, person)
    found = {} if body is None else measured(body)
    return {name: (value >= sure) == (sure > unsure) for name, _, _, measure, unsure, sure in _ROWS
            if np.isfinite(value := found.get(measure, np.nan)) and not min(unsure, sure) < value < max(unsure, sure)}


def body_for(clip: Skeleton, person: int | None = None) -> Body | None:
    """The person's tracks at about 30 frames a second; None where nobody is seen, the clip is under a third of a second, or the body has a tail.

    What is asked and claimed is about people.
    """
    if person is not None and not 0 <= person < clip.people:
        raise ValueError(f"the clip has people 0 to {clip.people - 1}; got person {person}")
    if is_tailed(clip.topology) or clip.frames < _FEWEST or (clip.frames - 1) / clip.fps < _SHORTEST:
        return None
    person = busiest(clip) if person is None else person
    every = max(1, round(clip.fps / _FPS))
    if not (clip.seen[::every, person] > 0).any():
        return None
    thin = replace(clip, xyz=clip.xyz[::every, [person]], seen=clip.seen[::every, [person]], fps=clip.fps / every, velocity=None, orientations=None)
    return body_of(thin, 0)
