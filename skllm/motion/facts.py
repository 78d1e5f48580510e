"""One measured statement, and the words it may use."""

from dataclasses import dataclass

KINDS = (
    "move", "bend", "lean", "turn", "travel", "step", "lift", "touch", "alternate",            # something happens
    "support", "stay", "straight", "bent", "stance", "still",                                  # something stays
)


@dataclass(frozen=True)
class Fact:
    """One statement about a clip that can be checked on its coordinates.

    kind:      one of KINDS
    part:      hand, elbow, head, hips, knee, foot, trunk or body
    side:      left, right, both or middle
    direction: the person's own: up, down, forward, back, out (to that limb's side), in, across (in, past the middle), left,
               right; bend or straighten; what is touched, or what hands are above; of a repetition its first way
    amount:    metres, or degrees for bend, lean and turn; of a repetition (count above 1) one way of it
    start, stop: seconds
    count:     how many to-and-fros, steps or touches
    also:      other directions that the same movement has, nearly as far
    through:   directions in which it bulges on its way: an arm that goes up through the front, or through the side
    returns:   it undoes the movement before it
    """

    kind: str
    part: str
    side: str
    direction: str = ""
    amount: float = 0.0
    start: float = 0.0
    stop: float = 0.0
    count: int = 1
    also: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    returns: bool = False
