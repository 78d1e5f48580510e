"""What a body does when an action word is said: parts, kinds of movement, places and things, number of people. Read by `similar`."""

GROUPS = {
    "part": frozenset("hand hands finger arm arms head trunk leg legs foot feet whole".split()),
    "move": frozenset(
        "raise lower bend straighten turn strike thrust press rub hold swing shake tap reach grasp let-go throw pull fine sign point dress "
        "walk run jump sink rise fall sway kick stretch convulse come part circle cover repeat still".split()
    ),
    "place": frozenset(
        "crown hair eyes ear mouth nose face neck chest belly back hip pocket wrist knee ankle floor front overhead side lap table chair "
        "wear cup bite stick paper screen ball tool weapon bag box load thing".split()
    ),
    "people": frozenset({"two"}),
}
IMPLIED = {"hands": "hand", "arms": "arm", "legs": "leg", "feet": "foot", "finger": "hand", "hair": "crown"}

_SAYINGS = """
drink: hand arm raise hold mouth cup
eat: hand arm raise hold mouth bite
sip: hand arm raise hold mouth cup
brush: hand arm rub repeat stick
comb: hand arm rub repeat hair stick
tooth: mouth
teeth: mouth
hair: hair
water: cup
food: bite
bottle: cup
drop: hand arm let-go lower floor thing
pick up: hand arm trunk bend lower grasp floor thing
lift: hands arms trunk grasp raise load
throw: hand arm raise swing throw front
throw ball: hands arms raise throw overhead ball
shoot a basket: hands arms raise throw overhead ball
throw up: hand arm raise throw overhead
catch: hands arms grasp front
toss: hand finger raise throw front
coin: thing
sit down: legs trunk bend sink chair
sit: legs trunk bend sink chair
stand up: legs trunk straighten rise chair
stand: legs still
sit to stand: legs trunk straighten rise chair
squat down: legs trunk bend sink
squat: legs trunk bend sink
crouch: legs trunk bend sink
kneel: legs trunk bend sink knee floor
lunge: legs trunk bend sink
lie: whole lower floor
get up: legs trunk straighten rise floor
clap: hands arms press strike repeat front chest
applaud: hands arms press strike repeat front chest
read: hands head bend hold front lap paper
write: hands head bend finger fine front table lap paper stick
draw: hands head bend finger fine front table paper stick
type: hands finger fine tap repeat front table
keyboard: screen
play with phone: hands head bend finger fine tap hold front lap screen
phone: screen
tablet: screen
phone call: hand arm raise hold ear screen
tear: hands arms pull front
tear up: hands arms pull front
paper: paper
fold: hands finger fine press front table
ball up: hands finger press rub front
staple: hands finger fine press front table tool
stapler: tool
cut: hands finger fine repeat front tool
cut nail: hands finger fine repeat front lap tool
nail: finger
count money: hands finger fine repeat front paper
money: paper
rubik: hands finger fine turn repeat front lap thing
open: hands pull turn front
cook: hands arms repeat front table tool
wash: hands arms rub repeat front table
sweep: hands arms trunk swing repeat floor tool
put on: hands arms dress wear
take off: hands arms dress wear
don: hands arms dress wear
doff: hands arms dress wear
jacket: trunk chest back
coat: trunk chest back
shirt: trunk chest back
shoe: foot trunk bend ankle
sock: foot trunk bend ankle
glass: eyes
hat: crown
cap: crown
headphone: ear
bag: hip bag
put on bag: hands arms dress wear back bag
take off bag: hands arms dress wear back bag
backpack: back bag
put object into: hand arm lower reach fine front
put into: hand arm lower reach front
take object out of: hand arm raise reach fine front
take out: hand arm raise reach front
box: front table box
cheer: arms hands raise straighten overhead
raise arm: arms hands raise straighten overhead
wave: hand arm raise swing repeat side
kick: leg foot kick thrust front
side kick: leg foot kick thrust side
butt kick: legs feet kick run repeat back
air: front
reach into pocket: hand arm reach lower hip pocket
reach: hand arm reach
pocket: hip pocket
hop: leg foot whole jump repeat
jump up: legs whole jump rise
jump: legs whole jump
leap: legs whole jump
skip: legs whole jump run repeat
point: hand arm finger raise straighten point front
point at: hand arm finger raise straighten point front
direction: front
take a selfie: hand arm raise straighten hold front screen
take a photo: hands arms raise hold eyes front screen
selfie: hand arm raise straighten hold front screen
check time: hand arm raise bend hold wrist
watch: wrist
rub two hand: hands arms press rub repeat front chest
rub: hands rub repeat
bow: trunk head bend lower front
bend forward: trunk head bend lower front
bend: trunk bend
shake head: head turn shake repeat
shake hand: hand arm reach grasp shake front two
handshake: hand arm reach grasp shake front two
shake fist: hand arm raise strike shake repeat front
shake: shake repeat
nod: head bend repeat
head: head
wipe: hand arm rub repeat
face: face
salute: hand arm raise bend still hold face crown
pray: hands arms press still front chest
hand together: hands press
cross hand: hands arms still front chest
cross arm: hands arms still front chest
in front: front
sneeze: hand arm trunk head convulse cover mouth nose
cough: hand arm trunk head convulse cover mouth nose
yawn: hand arm head raise stretch cover mouth
blow nose: hands head hold press convulse nose paper
sniff: hand arm head raise hold nose
smell: hand arm head raise hold nose
nose: nose
hush: hand arm finger raise still sign mouth
whisper: hand arm head trunk bend cover come mouth ear
stagger: legs whole trunk sway walk
stumble: legs whole trunk sway walk
limp: legs walk sway
fall: whole legs trunk fall floor
fall down: whole legs trunk fall floor
headache: hand arm head raise hold press still crown face
chest pain: hand arm trunk bend hold press still chest
back pain: hand arm trunk bend hold press still back hip
neck pain: hand arm head bend hold press still neck
stomachache: hand arm trunk bend hold press still belly
pain: hand arm hold press still
nausea: hand trunk head bend lower convulse mouth belly
vomit: hand trunk head bend lower convulse mouth belly
fan self: hand arm swing repeat face stick
fan: hand arm swing repeat face stick
punch: hand arm strike thrust front
slap: hand arm strike swing face
hit: hand arm strike swing front
push: hands arms trunk thrust front chest
pull: hands arms pull front
pat: hand arm tap repeat
back: back
hug: arms hands trunk hold press come chest back
give: hand arm reach straighten front
exchange: hand arm reach grasp straighten front two
grab: hand arm reach grasp pull front
touch: hand arm reach tap
touch hair: hand arm raise rub hair
touch toe: hands arms trunk bend lower reach ankle floor
object: thing
with an object: weapon
walk: legs feet walk
walk toward: legs feet walk come
walk apart: legs feet walk part
follow: legs feet walk come
step on: leg foot lower thrust ankle floor
foot: foot
run: legs arms run repeat
jog: legs arms run repeat
march: legs arms walk raise repeat
spin arm: arms circle swing straighten repeat side
circle: circle
arm swing: arms swing straighten repeat side
swing: hand arm swing
paddle: stick
tennis: stick ball
bounce: hand arm lower tap repeat floor
juggle: hand arm tap repeat front
juggle table tennis ball: hand arm tap swing repeat front stick ball
swing paddle: hand arm swing repeat front stick
ball: ball
basket: overhead
thumb up: hand arm finger raise still sign front
thumb down: hand arm finger raise still sign front
ok sign: hand arm finger raise still sign front
victory sign: hand arm finger raise still sign front
snap finger: hand arm finger raise sign strike repeat front
sign: hand finger sign
cream: hand rub
apply cream on face: hands arms raise rub repeat face
apply cream on hand: hands arms rub repeat press front
apply: hands rub repeat
move heavy object: hands arms trunk legs bend grasp raise walk load
carry: hands arms trunk legs hold walk load
move: walk
capitulate: hands arms raise bend still overhead side
surrender: hands arms raise bend still overhead side
toe: ankle
stretch: arms trunk raise stretch straighten overhead
knife: weapon
gun: weapon
knock into: trunk whole walk thrust come side
high five: hands arms raise press strike front chest two
cheer and drink: hand arm raise straighten hold mouth cup two
support: arms hands trunk hold walk press side
rock paper scissor: hand arm finger shake sign repeat front two
carry object together: hands arms trunk legs hold walk load two
give object: hand arm reach straighten front thing two
someone: two
somebody: two
partner: two
each other: two
dance: whole legs arms turn sway repeat
turn: whole turn
twist: trunk turn
rotate: turn circle
raise: raise
leg: leg
leg raise: leg raise straighten
arm: arm
shoulder: arm
knee: leg knee
"""
SAYINGS = {
    saying.strip(): tuple(features.split()) for saying, features in (line.split(":") for line in _SAYINGS.strip().splitlines())
}
