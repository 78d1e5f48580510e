"""Other words for the actions that one trains on, and which labels of different benchmarks may mean the same."""

_PHRASINGS = """
deep squat: squat down deeply; a deep knee bend; sink into a squat; full squat; squat low and rise
hurdle step: step over a hurdle; lift the leg over a hurdle; step over an obstacle; raise a knee and step over
inline lunge: lunge with feet in line; lunge in a straight line; drop into an inline lunge; split lunge in line
side lunge: lunge to the side; lateral lunge; step aside into a lunge; sideways lunge
sit to stand: rise from a chair; get up from a seat; rise to one's feet; stand from sitting; sitting, then standing
standing active straight leg raise: raise a straight leg while standing; straight leg raise; lift one leg straight; leg raise with a straight knee
standing shoulder abduction: raise the arm out sideways; lift a straight arm to the side; shoulder abduction; sideways arm raise
standing shoulder extension: move the arm straight back; stretch the arm backward; shoulder extension; swing a straight arm behind
standing shoulder internal-external rotation: turn the forearm in and out; rotate the shoulder in and out; shoulder rotation;
  internal and external rotation
standing shoulder scaption: raise the arm diagonally; lift the arm half sideways; shoulder scaption; arm raise between front and side
right arm swipe to the left: swipe left with the right arm; sweep the right arm leftward; swipe to the left; brush the arm across leftward
right arm swipe to the right: swipe right with the right arm; sweep the right arm outward; swipe to the right; brush the arm out rightward
right hand wave: wave the right hand; wave with one hand; say hello with a wave; waving hello; greet by waving
two hand front clap: clap the hands in front; clapping; applaud; bring both palms together; clap in front of the body
right arm throw: throw with the right arm; throwing something; hurl an object; throw a ball; fling something away
cross arms in the chest: cross the arms; fold the arms; crossing arms over the chest; fold arms before the chest
basketball shoot: shoot a basketball; shoot a hoop; take a basketball shot; shooting at a basket; basketball jump shot
right hand draw x: draw an x; draw a cross in the air; drawing the letter x; trace an x by hand
draw circle (clockwise): draw a clockwise circle; trace a circle clockwise; circle the hand clockwise; drawing a circle, clockwise
draw circle (counterclockwise): draw a counterclockwise circle; trace a circle anticlockwise; circle the hand counterclockwise;
  drawing a circle, anticlockwise
draw triangle: draw a triangle in the air; trace a triangle; drawing a triangle; sketch a triangle by hand
bowling (right hand): roll a bowling ball; go bowling; bowl with one hand; release a bowling ball; bowling
front boxing: box to the front; boxing forward; shadow boxing; throw punches forward; punch with both fists
baseball swing from right: swing a baseball bat; hit a baseball; bat in baseball; baseball batting; swing a bat
tennis forehand swing (right hand): hit a tennis forehand; play a forehand; swing a tennis racket; forehand stroke; tennis stroke
arm curl (two arms): curl both arms; biceps curl; bend both elbows with weights; lift dumbbells to the shoulders; curl dumbbells
tennis serve: serve in tennis; serve a tennis ball; serving the ball; hit a tennis serve
two hand push: push with both hands; push something away; pushing forward; shove with two hands; push out both palms
knock on door (right hand): knock on a door; knocking; rap at a door; knock with the right hand
catch an object (right hand): catch something; catch an object; catching with one hand; catch with the right hand; grab a flying object
pick up and throw (right hand): pick something up and throw; lift and throw away; grab from the floor, then throw; bend down, pick, throw
jogging in place: jog on the spot; run on the spot; run in place; jogging on the spot; jog without moving on
walking in place: walk on the spot; step in place; march in place; stepping on the spot; tread in place
stand to sit: take a seat; sit on a chair; lower oneself onto a chair; go from standing to sitting; be seated
forward lunge (left foot forward): lunge forward; step forward into a lunge; left foot lunge; do a forward lunge; lunge onto the left foot
squat (two arms stretch out): squat with arms stretched out; squat with both arms forward; do squats; bend the knees, arms out
high arm wave: wave high; wave with a raised arm; wave an arm overhead; wave above the head; waving overhead
horizontal arm wave: wave the arm sideways; move the arm from side to side; wave at shoulder height; sweep the arm level
hammer: hammer a nail; hit with a hammer; hammering; pound with a fist; strike down with a hammer
hand catch: catch with the hand; catch something; catching; snatch with one hand; catch an object
forward punch: punch forward; throw a punch; punching; strike with the fist; jab to the front
high throw: throw high; throw overhand; overarm throw; throw something over the head; hurl from above
draw x: draw an x; draw a cross in the air; drawing the letter x; trace an x by hand; write an x
draw tick: draw a tick mark; draw a check mark; trace a tick; drawing a tick in the air; tick something off
draw circle: draw a circle in the air; trace a circle; drawing a circle; circle with the hand
hand clap: clap the hands; clapping; applaud; clap hands; give applause
two hand wave: wave both hands; wave with two hands; waving both arms; wave both arms overhead; signal with both arms
side boxing: box to the side; boxing sideways; punch to the side; throw punches sideways
bend: bend over; bend forward; bend down; stoop; lean the body down
forward kick: kick forward; front kick; kick to the front; kicking ahead; swing a leg forward
side kick: kick to the side; kick sideways; sideways kick; swing a leg out sideways
jogging: jog; go for a jog; run slowly; run at an easy pace; jogging along
tennis swing: swing a tennis racket; tennis stroke; hit a tennis ball; swing a racket
golf swing: swing a golf club; hit a golf ball; play golf; golf stroke; tee off
pick up and throw: pick something up and throw; lift and throw away; grab from the floor, then throw; bend down, pick, throw
catch cap: catch a cap; catch a hat; reach for a cap; snatch a cap; catching a cap
toss paper: toss a piece of paper; toss paper away; flip paper into a bin; throw a paper ball; tossing paper
take umbrella: take an umbrella; pick out an umbrella; get the umbrella; grab an umbrella; fetch an umbrella
walk: walking; go on foot; stroll; take a walk; walk along
phone call: make a phone call; talk on the phone; answer the phone; telephone someone; hold a phone to the ear
drink: drink something; take a sip; drinking; drink from a glass; sip a drink
sit down: take a seat; sitting down; sit on a chair; be seated; lower oneself onto a chair
stand up: get up from a chair; rise from a seat; standing up; rise to one's feet; get to one's feet
squat: do squats; squat down; knee bends; squatting; bend the knees and rise
hop both legs: hop on both legs; jump on both feet; hopping; bounce on two feet; hop with feet together
deposit floor right: put something on the floor; place an object on the ground; lay something down; set down with one hand
grab high right: reach up and grab; take something from high up; grab from a high shelf; reach for a high thing
kick left front: kick with the left foot; left leg front kick; kick the left leg forward; kick forward, left foot
elbow to knee: touch the knee with an elbow; bring elbow and knee together; standing cross crunch; elbow meets opposite knee
lie down floor: lie down on the floor; lie on the ground; get down and lie; lying down; stretch out on the floor
jog left circle: jog in a circle; run around in a circle; jog around to the left; run a left circle
rotate arms both backward: circle both arms backward; rotate the arms backward; swing both arms in backward circles; backward arm circles
sneak: sneak along; tiptoe; creep quietly; walk stealthily; sneaking
throw basketball: throw a basketball; pass a basketball; shoot a basketball; throw a ball with both hands
baseball pitch: pitch a baseball; pitching; throw a baseball pitch; pitcher's throw; pitch the ball
baseball swing: swing a baseball bat; hit a baseball; bat in baseball; baseball batting; swing a bat
bench press: press a barbell lying down; do bench presses; push a barbell up from a bench; bench pressing
bowl: roll a bowling ball; go bowling; bowling; release a bowling ball; play ten-pin bowling
clean and jerk: lift a barbell overhead; weightlifting; do a clean and jerk; heave a barbell up overhead
jump rope: skip rope; rope skipping; jump with a rope; jumping rope; skipping with a rope
jumping jacks: do jumping jacks; star jumps; jump with arms and legs apart; side-straddle hops
pullup: do pull-ups; pull up on a bar; chin-ups; pull oneself up; hang and pull up
pushup: do push-ups; press up from the floor; press-ups; push the body up from the floor
situp: do sit-ups; abdominal crunches; sit up from lying; raise the upper body from the floor
strum guitar: play the guitar; strum a guitar; playing guitar; strum the strings
tennis forehand: hit a tennis forehand; play a forehand; swing a tennis racket; forehand stroke; tennis stroke
"""
_ONE_ACT = """
bowling (right hand); bowl
right hand wave; high arm wave
right hand wave; horizontal arm wave
horizontal arm wave; right arm swipe to the left; right arm swipe to the right
hand clap; two hand front clap
right arm throw; high throw; baseball pitch
right arm throw; toss paper
basketball shoot; throw basketball
draw x; right hand draw x
draw circle; draw circle (clockwise)
draw circle; draw circle (counterclockwise)
front boxing; side boxing
front boxing; forward punch
baseball swing from right; baseball swing
tennis forehand swing (right hand); tennis swing; tennis forehand
catch an object (right hand); hand catch; catch cap
hand catch; catch cap; grab high right
pick up and throw (right hand); pick up and throw
bend; deposit floor right
bend; take umbrella
jogging; jogging in place; jog left circle
walk; walking in place
walk; sneak
sit to stand; stand up
stand to sit; sit down
forward lunge (left foot forward); inline lunge
squat; deep squat; squat (two arms stretch out)
forward kick; kick left front; standing active straight leg raise
hop both legs; jump rope; jumping jacks
hammer; knock on door (right hand)
"""


def phrasings(label: str) -> tuple[str, ...]:
    """A training label and other short ways to say it, the label first; of a label that nobody rephrased, the label alone.

    Known are the labels of UI-PRMD, UTD-MHAD, MSR Action3D, KARD, HDM05 and Penn Action. Only labels that are `confusable` share words.
    """
    return (label, *_OTHER_WORDS.get(label, ()))


def confusable(a: str, b: str) -> bool:
    """Whether one clip could rightly be called both.

    Meant for labels of different benchmarks: each benchmark tells its own labels apart, so do not ask of two from one. Where in doubt
    the answer is yes, and not transitive: a right hand's wave may be high or level, but a high wave is not level.
    """
    return a == b or any(a in act and b in act for act in _ACTS)


_OTHER_WORDS = {
    label: tuple(words.strip() for words in others.split(";") if words.strip())
    for label, others in (line.split(": ") for line in _PHRASINGS.strip().replace("\n  ", " ").splitlines())
}
_ACTS = [frozenset(one.strip() for one in line.split(";")) for line in _ONE_ACT.strip().splitlines()]
