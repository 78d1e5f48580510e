"""What one expects to see of a body when an action word is said, in the claims of `skllm.motion`. Read by `unfolding`.

A line is: ways to say it, a colon, claims that hold, and after a minus claims that do not. `@word` stands for the claims of a stance.
From common knowledge, set right where training clips of KARD, UTD-MHAD, MSR Action3D, HDM05, and UI-PRMD said otherwise.
"""

STANCES = """
stay: feet_stay -travels
up: trunk_upright -trunk_bends -hips_down_and_up -hand_below_knee
to_head: hand_at_head elbow_bends one_hand -both_hands_at_head -arms_wide -hands_meet
fine: hands_before_chest -hand_above_head -hand_at_head -arms_wide -hand_fast -hand_below_knee
bending: trunk_bends hand_below_knee -trunk_upright -hand_above_head -arms_still -jumps -travels_far
going: travels steps stands_throughout -feet_stay -jumps -sits_at_end -sits_at_start -hand_below_knee
hit: hand_fast hand_forward hand_up_and_down -arms_still -hand_below_knee -hand_at_head -sits_at_end
dressing: both_hands_move elbow_bends -one_hand -arms_still -travels_far -jumps -whole_body_fast
racket: one_hand hand_fast hand_out hand_forward stands_throughout -hands_meet_again -hand_below_knee -jumps -sits_at_end -travels_far
"""

ACTIONS = """
drink, sip, drink water, take pill, take medicine, take sip: @stay @up @to_head hand_up_and_down -hand_repeats -hand_fast
eat, eat food, eat meal, eat snack, take bite: @stay @up @to_head hand_up_and_down -hand_fast -hand_above_head
brush tooth, brush teeth: @stay @up @to_head hand_repeats -hand_above_head -hand_forward
brush hair, comb hair, comb: @stay @up @to_head hand_above_shoulder hand_repeats -hand_forward
shave, wipe face, make up, apply makeup: @stay @up hand_at_head elbow_bends hand_repeats -arms_wide -hand_above_head -hand_forward
wash face: @stay hand_at_head both_hands_at_head both_hands_move elbow_bends hand_repeats -one_hand -arms_wide -hand_below_knee
apply cream on face: @stay @up hand_at_head both_hands_at_head both_hands_move elbow_bends hand_repeats -one_hand -arms_wide
wash hair: @stay hand_at_head both_hands_at_head hand_above_shoulder both_hands_move hand_repeats -one_hand -arms_wide -hand_below_knee
touch hair, scratch head, touch head, headache: @stay @up hand_at_head elbow_bends hand_above_shoulder -arms_wide -hand_fast
phone call, make call, telephone, phone, answer phone, talk on phone, use phone: @stay @up @to_head hand_above_shoulder -hand_repeats -hand_forward
  -hand_above_head
play with phone, text, use tablet, phone tablet, play game on phone, type on phone: @stay @up @fine -travels_far
take selfie, selfie: @stay @up one_hand hand_above_shoulder hand_forward hand_rises -hand_repeats -hands_meet -hand_fast -hand_below_knee
take photo, take picture, photograph, use camera: @stay @up hand_at_head both_hands_at_head hand_above_shoulder both_hands_move elbow_bends
  -one_hand -hand_repeats -arms_wide -hand_fast
salute: @stay @up @to_head hand_above_shoulder hand_up_and_down -hand_repeats -hand_forward
hush, make silence sign, whisper, sniff, smell, whisper to someone: @stay @up @to_head -hand_repeats -hand_fast -hand_forward -hand_above_head
yawn, sneeze, cough, sneeze cough, blow nose: @stay hand_at_head elbow_bends -hand_forward -arms_wide -hand_below_knee -hand_repeats -travels_far
nausea, vomit, nausea vomit: @stay trunk_bends elbow_bends -trunk_upright -arms_wide -hand_above_head -hand_fast -hand_repeats
neck pain: @stay @up hand_at_head elbow_bends hand_above_shoulder -arms_wide -hand_forward -hand_fast -hand_above_head
chest pain, stomach ache, stomachache, belly pain: @stay elbow_bends hands_before_chest -hand_above_head -hand_at_head -arms_wide -hand_fast
  -hand_repeats -hand_forward -hand_below_knee
back pain: @stay elbow_bends -hand_above_head -hand_at_head -hand_above_shoulder -hand_forward -hands_before_chest -hand_fast -hand_below_knee
fan self, fan: @stay @up elbow_bends hand_repeats one_hand -arms_wide -hand_above_head -hands_meet -hand_below_knee
shake head, nod, nod head: @stay @up arms_still -hand_rises -hand_above_shoulder -hand_at_head -hand_repeats -hand_fast -hand_forward -hand_out
wave, wave hand, hand wave, wave goodbye, say hello, greet, beckon: @stay @up one_hand hand_above_shoulder hand_repeats elbow_bends -hands_meet
  -hand_at_head -both_hands_above_head hand_up_and_down -hand_across
high arm wave, wave high, wave overhead, wave arm: @stay @up one_hand hand_above_head hand_above_shoulder hand_repeats -hands_meet
  -both_hands_above_head -both_hands_move hand_out hand_fast
horizontal arm wave, wave arm sideways, wave level: @stay @up one_hand hand_out stands_throughout -hands_meet -hand_above_head -both_hands_move
  -hand_at_head hand_forward -elbow_bends
two hand wave, wave both hand, wave with both hand, wave two hand, wave both arm, wave with two hand: @stay @up both_hands_move arms_wide
  hand_above_shoulder both_hands_above_head hand_above_head hand_out hand_repeats -one_hand -hands_meet
right arm swipe to left, swipe to left, swipe left: @stay @up one_hand hand_across hand_up_and_down -hands_meet -both_hands_move -hand_above_head
  -hand_at_head -hand_repeats hand_forward
right arm swipe to right, swipe to right, swipe right, swipe: @stay @up one_hand hand_out hand_up_and_down -hands_meet -both_hands_move
  -hand_above_head -hand_at_head hand_forward hand_across
clap, hand clap, applaud, clap hand, applause, two hand front clap: @stay @up hands_meet hands_meet_again hands_before_chest elbow_bends
  both_hands_move -one_hand -hand_at_head -hand_above_head -hand_across
rub two hand, rub hand, wash hand, apply cream on hand, clean hand: @stay @up hands_meet hands_before_chest elbow_bends both_hands_move -one_hand
  -hand_above_head -hand_above_shoulder -arms_wide
pray, pray with hand together, put hand together, namaste: @stay @up hands_meet hands_before_chest both_hands_move elbow_bends -one_hand
  -hand_repeats -hands_meet_again -arms_wide -hand_fast
cross arm, cross hand, fold arm, cross arm in chest, cross hand in front: @stay @up hand_across hands_before_chest both_hands_move elbow_bends
  hands_meet -one_hand -hand_above_head -hand_repeats -hand_at_head
raise arm, cheer, hand up, raise hand, arm up, raise both arm, cheer raise arm: @stay @up hand_above_head hand_above_shoulder hand_rises
  stands_throughout -hand_sinks -hands_meet -arms_still
capitulate, surrender: @stay @up both_hands_move hand_above_shoulder both_hands_above_head hand_above_head hand_rises -one_hand -hands_meet
  -hand_repeats -hand_fast -hand_sinks
cheer and drink, toast: @stay @up one_hand hand_forward hand_at_head elbow_bends -both_hands_at_head -hand_below_knee
high five, give high five: @up one_hand hand_above_shoulder hand_forward hand_fast hand_up_and_down -hands_meet -hand_repeats -hand_below_knee
shake hand, handshake: @up one_hand hand_forward elbow_bends -hand_above_shoulder -hand_above_head -hand_at_head -hands_meet -arms_wide
hug, embrace, hug each other: @up both_hands_move hand_forward both_hands_forward hand_above_shoulder -one_hand -hand_repeats -hand_below_knee
thumb up, thumb down, ok sign, make ok sign, victory sign, make victory sign, snap finger, gesture, give thumb up, give thumb down: @stay @up
  one_hand hand_forward elbow_bends hand_rises -hand_above_head -hand_at_head -hands_meet -both_hands_move
point, point at, point at something, point to something, direction: @stay @up one_hand hand_forward hand_rises -hands_meet -hand_repeats
  -both_hands_move -hand_at_head -elbow_bends
point gun, aim, aim gun, shoot gun: @stay @up hand_forward hand_rises -hand_at_head -hand_above_head -hand_repeats -hand_below_knee
rock paper scissor, shake fist: @stay @up one_hand hand_repeats elbow_bends hand_fast -hand_above_head -hands_meet -hand_below_knee -arms_wide
check time, check watch, look at watch: @stay @up elbow_bends hand_across one_hand -hand_above_head -hand_repeats -arms_wide -hand_fast
read, read book, write, write note, read newspaper, turn page, fold paper, count money, play with rubik cube, staple paper: @stay @up @fine
type, type on keyboard, use computer, use laptop, use keyboard, work on computer: @stay @fine both_hands_move -one_hand -travels_far
  -hand_above_shoulder
tear, tear up, tear up paper, rip, ball up paper, crumple paper: @stay @up @fine both_hands_move -one_hand
cut paper, cut nail, cut, sew, knit, peel, chop, slice: @stay @fine hand_repeats -travels_far -hand_above_shoulder
open bottle, open box, open jar, open package, unscrew: @stay @up @fine hands_meet both_hands_move
cook, stir, mix, iron, knead, wash dish: @stay @fine hand_repeats -travels_far -hand_above_shoulder
pour, pour water, pour tea: @stay @up one_hand elbow_bends hand_forward -hand_above_head -hand_at_head -hand_fast -hand_repeats
clean table, wipe table, wipe, dust, polish: @stay one_hand hand_repeats hand_forward -hand_at_head -hand_above_head -hands_meet -jumps
clean window, paint wall, paint, wipe window, write on board, write on wall: @stay @up one_hand hand_above_shoulder hand_forward hand_repeats
  -hands_meet -hand_at_head -both_hands_move
sweep, mop, rake, vacuum, dig, shovel, sweep floor: both_hands_move hand_repeats -one_hand -hand_above_head -hand_at_head -jumps -trunk_upright
  -sits_at_end -hand_above_shoulder
draw, draw x, right hand draw x, draw cross, draw letter: @stay @up one_hand hand_forward hand_above_shoulder stands_throughout -hands_meet
  -both_hands_move -hand_at_head -hand_below_knee
draw tick, draw check, draw check mark, draw triangle, draw line: @stay @up one_hand hand_forward hand_above_shoulder stands_throughout -hands_meet
  -both_hands_move -hand_at_head hand_up_and_down hand_out -hand_across
draw circle: @stay @up one_hand hand_above_shoulder stands_throughout -hands_meet -both_hands_move -hand_at_head hand_forward hand_out
  hand_up_and_down hand_fast
knock, knock on door, ring bell, press button, push button: @stay @up one_hand hand_forward elbow_bends hand_above_shoulder -hands_meet
  -hand_above_head -both_hands_move -hand_below_knee
open door, close door, open cupboard, open drawer, open fridge, turn on light, open window: one_hand hand_forward stands_throughout -hands_meet
  -hand_at_head -hand_below_knee -jumps -hands_before_chest -hand_repeats
hammer, hammer nail, pound: @up one_hand hand_up_and_down hand_fast hand_above_shoulder stands_throughout -hands_meet -both_hands_move -arms_wide
pick up, pick, pick from floor, pick something up, gather, collect from floor, grab from floor: @bending trunk_bends_and_returns hips_down_and_up
  hand_rises -sits_at_end -hand_repeats -hand_at_head -hand_above_shoulder -hands_meet_again
put down, place on floor, set down, lay down, deposit, deposit floor, put on floor, lower object, put on ground: @bending trunk_bends_and_returns
  hips_down_and_up one_hand -sits_at_end -hand_repeats -hand_at_head -hand_above_shoulder
pick up and throw, pick and throw, pick up then throw: trunk_bends hand_below_knee hips_down_and_up hand_above_shoulder hand_fast
  trunk_bends_and_returns -trunk_upright -sits_at_end -feet_stay -arms_still hand_forward hand_up_and_down whole_body_fast
lift, lift up, lift weight, lift box, pick up box, move heavy object, lift load, hoist: trunk_bends both_hands_move hands_before_chest
  hand_below_knee both_hands_below_knee hips_down_and_up hand_rises knees_bend -one_hand -trunk_upright -hand_fast -jumps -hand_at_head
carry, carry box, carry object, carry object together, transport, haul, bring, move box, carry tray: @going carries -hand_repeats -hand_above_head
  -one_hand -hand_above_shoulder -hand_fast
support someone, push cart, push box, push trolley, push stroller: @going hand_forward -hand_repeats -hand_above_head -hand_at_head
drop, drop something, let go, drop trash, drop litter, release, drop object: one_hand hand_sinks stands_throughout trunk_upright -hand_rises
  -hand_above_head -hand_at_head -hands_meet -hand_repeats -trunk_bends -jumps -sits_at_end -hand_below_knee
throw away, throw trash, dispose, discard, bin, litter, throw into bin, throw garbage, trash, throw in trash, toss paper: one_hand
  stands_throughout -hand_above_head -hand_at_head -hands_meet -hand_repeats -hand_below_knee -jumps -sits_at_end -both_hands_move -whole_body_fast
  -hand_across
toss, toss coin, flip coin, toss underhand, underhand throw, underarm throw: one_hand hand_fast hand_forward hand_up_and_down stands_throughout
  -hands_meet -hand_below_knee -both_hands_move -sits_at_end -jumps
throw, right arm throw, throw ball, throw stone, hurl, fling, throw object, throw something, throw dart, pitch, throw frisbee, lob: one_hand
  hand_fast hand_forward hand_above_shoulder hand_up_and_down stands_throughout -hands_meet -hand_below_knee -sits_at_end -arms_still
  -both_hands_above_head
high throw, throw high, overhead throw, overarm throw, throw overhand, throw up hat, throw up: one_hand hand_fast hand_above_head hand_forward
  hand_above_shoulder hand_up_and_down stands_throughout -hands_meet -hand_below_knee -sits_at_end -both_hands_above_head -hand_across
baseball pitch, pitch baseball: one_hand hand_fast whole_body_fast hand_above_shoulder foot_lifts foot_high leg_forward hand_forward -feet_stay
  -hands_meet_again -sits_at_end -arms_still
throw basketball, shoot basket, basketball shoot, shoot basketball, throw ball shoot basket, basketball shot, throw in, shoot hoop: both_hands_move
  hand_above_head both_hands_above_head hand_above_shoulder hand_up_and_down hand_fast -one_hand -arms_wide -hand_below_knee -sits_at_end
  hands_meet hand_forward
bounce ball, dribble, dribble ball, dribble basketball: one_hand hand_repeats hand_up_and_down hand_fast -hand_above_head -hand_above_shoulder
  -hand_at_head -hands_meet -sits_at_end
juggle, juggle ball, juggle table tennis ball: @stay @up hand_repeats elbow_bends -hand_at_head -sits_at_end -arms_still -hand_below_knee
bowl, bowl ball, roll ball, bowling: one_hand hand_fast hand_forward -trunk_upright -hands_meet_again -hand_above_head -hand_at_head -sits_at_end
  -jumps -both_hands_move trunk_bends_and_returns hips_down_and_up whole_body_fast -feet_stay -hand_above_shoulder -hands_meet
catch, catch ball, hand catch, catch object, catch an object: one_hand hand_forward hand_above_shoulder hand_up_and_down hand_fast
  stands_throughout trunk_upright -hands_meet -hand_repeats -hand_below_knee -sits_at_end -both_hands_move -jumps -hand_across
grab, reach, reach for, grasp, reach out, take object, fetch, grab something, take from table, grab from someone: one_hand hand_forward
  stands_throughout -hands_meet -hand_repeats -hand_at_head -hand_below_knee -jumps -sits_at_end
grab high, reach up, reach high, take from shelf, take from high shelf, put on shelf, deposit high, change light bulb, hang up: one_hand
  hand_above_shoulder hand_forward stands_throughout trunk_upright -hands_meet -hand_repeats -hand_below_knee -hand_fast -sits_at_end -trunk_bends
give, hand over, give object, pass, offer, exchange object, pay, serve food, give something, pass object, hand out: one_hand hand_forward
  stands_throughout trunk_upright -hand_above_head -hand_at_head -hand_below_knee -hand_repeats -jumps -hand_fast
put into bag, put object into bag, take out of bag, take object out of bag, put into, take out, pack, unpack: @stay stands_throughout elbow_bends
  -arms_wide -hand_above_head -hand_at_head -hand_fast -sits_at_end
reach into pocket, take from pocket, put into pocket, touch pocket, touch someone pocket: @stay one_hand elbow_bends -hand_above_shoulder
  -hand_above_head -hand_at_head -hand_forward -hands_meet -hand_fast -hand_below_knee
put on, don, put on jacket, put on coat, wear, wear jacket, dress, get dressed, put on shirt, put on clothes, put on sweater, wear coat, put on
  vest: @dressing hand_above_shoulder stands_throughout -hand_below_knee -sits_at_end -hand_forward -travels -knees_bend hand_up_and_down
  hand_across
take off, doff, take off jacket, take off coat, remove, remove jacket, undress, take off shirt, take off clothes, remove coat, remove clothes:
  @dressing stands_throughout hand_sinks -hand_rises -hand_below_knee -sits_at_end -hand_forward -travels -knees_bend
put on bag, put on backpack, wear backpack, shoulder bag: @dressing hand_above_shoulder hand_across stands_throughout -sits_at_end -hand_below_knee
take off bag, take off backpack, remove backpack: @dressing hand_above_shoulder stands_throughout -sits_at_end -hand_at_head -hand_rises
put on hat, put on cap, put on hat cap, wear hat, wear cap, put on helmet, wear helmet, don hat, don cap: @stay @up hand_at_head hand_above_head
  hand_above_shoulder elbow_bends hand_up_and_down stands_throughout -hand_repeats -arms_wide -hand_forward
take off hat, take off cap, take off hat cap, remove hat, remove cap, take off helmet, doff hat, doff cap, tip hat: @stay @up hand_at_head
  hand_above_shoulder elbow_bends stands_throughout -hand_repeats -arms_wide -hand_rises -hand_forward
put on glass, take off glass, wear glass, adjust glass, remove glass, put on mask, wear mask, take off mask, put on headphone, take off headphone:
  @stay @up hand_at_head both_hands_at_head both_hands_move hand_above_shoulder elbow_bends -one_hand -hand_repeats -arms_wide
put on shoe, take off shoe, wear shoe, tie shoe, remove shoe, tie shoelace, put on sock, take off sock, tie lace, lace up: @bending both_hands_move
  elbow_bends -hand_above_shoulder -hand_fast -one_hand -travels
put on trouser, put on pants, take off trouser, take off pants: @dressing trunk_bends foot_lifts knees_bend hand_below_knee -trunk_upright
  -hand_above_head -hand_above_shoulder
put on glove, take off glove, put on watch, take off watch, put on ring, apply: @stay @up @fine hands_meet both_hands_move
sit down, sit, take seat, stand to sit, be seated, seat: hips_sink knees_bend sits_at_end -sits_at_start -hips_rise -hips_down_and_up
  -stands_throughout -hand_above_head -hand_above_shoulder -hand_repeats -jumps -ends_as_began hand_sinks trunk_bends_and_returns -hand_fast
stand up, get up, rise, sit to stand, rise from chair, arise: hips_rise knees_bend sits_at_start -sits_at_end -hips_sink -hips_down_and_up
  -stands_throughout -hand_above_head -hand_above_shoulder -hand_repeats -jumps -ends_as_began hand_rises trunk_bends_and_returns -hand_fast
sit still, watch tv, watch television, sit on chair, relax, meditate: sits_at_start sits_at_end feet_stay -stands_throughout -travels -steps
  -hips_rise -hips_sink -jumps -hand_above_head -hand_fast
stand still, wait, do nothing, idle, stay still, look around, rest pose: @stay @up arms_still stands_throughout ends_as_began -hand_above_shoulder
  -hand_rises -hand_repeats -hand_fast
lie down, lie, lying, lie on floor, go to bed, lie down floor, lie on ground, lie on bed: hips_sink knees_bend -hips_rise -hips_down_and_up
  -stands_throughout -trunk_upright -ends_as_began -jumps -travels_far -hand_above_head hand_below_knee trunk_bends hand_sinks
get up from floor, stand up from floor, get up from ground, stand up from lying, get out of bed: hips_rise hand_starts_low knees_bend -hips_sink
  -hips_down_and_up -stands_throughout -trunk_upright -ends_as_began -sits_at_end -travels_far
fall, fall down, collapse, faint, slip, trip: hips_sink -hips_rise -hips_down_and_up -stands_throughout -trunk_upright -ends_as_began
  hand_below_knee whole_body_fast -feet_stay -hand_repeats
crawl, creep on floor, walk on all four: travels hand_below_knee both_hands_below_knee trunk_bends knees_bend -trunk_upright -stands_throughout
  -hand_above_head -hand_above_shoulder -jumps -feet_stay
roll, somersault, cartwheel, do cartwheel, roll over: turns_around both_hands_below_knee hand_below_knee whole_body_fast trunk_bends -trunk_upright
  -stands_throughout -feet_stay -arms_still
handstand, do handstand: hand_below_knee both_hands_below_knee foot_high trunk_bends both_hands_move -trunk_upright -stands_throughout -feet_stay
  -one_hand -sits_at_end
squat, squat down, deep squat, crouch, duck, do squat, knee bend: hips_down_and_up knees_bend feet_stay -travels -steps -jumps -sits_at_start
  -one_hand -turns_around -foot_high -hand_repeats -hand_out
squat two arm stretch out: hips_down_and_up knees_bend feet_stay both_hands_move both_hands_forward hand_forward -travels -steps -jumps
  -hand_above_head -one_hand -turns_around -hand_repeats
kneel, kneel down, genuflect, go on knee: hips_sink knees_bend -stands_throughout -travels_far -jumps -hips_rise -hand_above_head -hand_repeats
lunge, forward lunge, inline lunge, do lunge, fence: hips_down_and_up knees_bend -feet_stay -travels_far -jumps -sits_at_end -turns_around
  -hand_repeats -hand_fast -hands_meet -hand_below_knee -trunk_bends
side lunge, lateral lunge: hips_down_and_up knees_bend leg_aside -feet_stay -travels_far -jumps -sits_at_end -turns_around -hand_repeats
  -hand_below_knee -trunk_bends
bow, bow forward, bow bend forward: @stay trunk_bends trunk_bends_and_returns stands_throughout ends_as_began -trunk_upright -hand_above_head
  -hand_above_shoulder -hand_repeats -hand_at_head -knees_bend -steps
bend, bend over, bend down, bend forward, lean forward, stoop: trunk_bends trunk_bends_and_returns hand_below_knee -trunk_upright -hand_above_head
  -hand_repeats -travels_far -jumps -sits_at_end -one_hand -turns_around -hand_above_shoulder -hands_meet
touch toe, touch foot, toe touch: @stay trunk_bends trunk_bends_and_returns hand_below_knee both_hands_below_knee both_hands_move -trunk_upright
  -one_hand -sits_at_end -knees_bend
lean, bend aside, side bend, bend sideways, lean aside, lean to side, bend to side: @stay trunk_leans_aside stands_throughout -trunk_upright
  -trunk_bends -knees_bend -sits_at_end -hand_below_knee
walk, stroll, pace, wander, move forward, go, approach, come, leave, march, walk toward, walk apart, follow: @going -hands_meet -hand_above_head
  -hand_above_shoulder -hands_before_chest -hand_at_head -trunk_bends
walk around, walk in circle, patrol, wander around, walk about, stroll around: @going turns_around -hands_meet -hand_above_head
  -hand_above_shoulder -hands_before_chest -hand_at_head -trunk_bends
walk in place, march in place, walk on spot, step in place: steps stands_throughout foot_lifts -feet_stay -travels_far -hand_above_shoulder
  -sits_at_end -hands_meet -trunk_bends -hand_below_knee hand_repeats both_hands_move -elbow_bends
sneak, tiptoe, creep: @going foot_lifts -hand_above_head -whole_body_fast -hands_meet -hand_repeats -sits_at_end
limp, stagger, stumble, sway, hobble: travels steps -feet_stay -sits_at_end -sits_at_start -jumps -hand_above_head -hand_at_head -hand_repeats
run, sprint, run fast: steps whole_body_fast foot_lifts elbow_bends stands_throughout -feet_stay -sits_at_end -hand_above_head -hands_meet
  -arms_still -hand_below_knee -trunk_bends
jog left circle, jog in circle, run in circle, run around, jog around: travels travels_far steps whole_body_fast elbow_bends turns_around
  foot_lifts -feet_stay -sits_at_end -hand_above_head -hands_meet -hand_below_knee
run on spot, jog in place, run in place, jog on spot: steps foot_lifts elbow_bends stands_throughout -feet_stay -travels_far -sits_at_end
  -hand_above_head -hands_meet -hand_below_knee -turns_around both_hands_move trunk_upright -hand_above_shoulder -one_hand
butt kick, kick butt: steps foot_lifts knees_bend whole_body_fast -leg_forward -feet_stay -travels_far -sits_at_end -hand_above_head
  -hand_below_knee
high knee, raise knee, lift knee, knee raise, hurdle step, step over, step over hurdle: foot_lifts foot_high knees_bend -feet_stay -hips_sink
  -sits_at_end -hand_above_head -hand_below_knee -trunk_bends -jumps
climb, climb stair, go upstairs, walk up stair, walk upstair: travels steps foot_lifts hips_rise -hips_sink -feet_stay -jumps -sits_at_end
  -hand_below_knee -hand_above_head
go downstairs, walk down stair, climb down, walk downstair: travels steps hips_sink -hips_rise -feet_stay -jumps -hand_below_knee -hand_above_head
climb ladder, climb rope, climb wall: hips_rise hand_above_head hand_above_shoulder steps foot_lifts hand_repeats -hips_sink -feet_stay -sits_at_end
step, step forward, step back, step aside, dodge, step on someone foot: steps foot_lifts stands_throughout -feet_stay -travels_far -sits_at_end
  -hand_above_head -hand_below_knee -jumps -hand_repeats
turn, turn around, spin, rotate, pirouette, twirl, spin around: turns_around steps stands_throughout -feet_stay -sits_at_end -hand_below_knee
  -trunk_bends -travels_far -jumps
jump, jump up, leap, jump high, vertical jump: jumps hips_down_and_up foot_lifts whole_body_fast both_hands_move -feet_stay -sits_at_end -one_hand
  -hand_at_head -arms_still -ends_as_began
jump forward, long jump, leap forward: jumps travels hips_down_and_up whole_body_fast both_hands_move -feet_stay -sits_at_end -one_hand
hop, hop both leg, hop on both leg, bounce, bunny hop: jumps foot_lifts whole_body_fast both_hands_move -feet_stay -sits_at_end -hand_below_knee
  -trunk_bends -hand_at_head -one_hand -hand_above_head
hop one leg, hop on one leg, hop on one foot, stand on one leg, balance, balance on one leg: foot_lifts foot_high -feet_stay -sits_at_end
  -hand_below_knee -trunk_bends -hand_at_head
skip, gallop: travels jumps steps foot_lifts whole_body_fast -feet_stay -sits_at_end -hand_below_knee -trunk_bends -hand_at_head
jump rope, skip rope, rope skip: jumps foot_lifts hand_repeats both_hands_move stands_throughout elbow_bends -feet_stay -hand_above_head -one_hand
  -travels_far -sits_at_end -hand_below_knee -trunk_bends
jump jack, star jump, jack: jumps arms_wide hand_above_head both_hands_above_head hand_repeats both_hands_move leg_aside hand_out whole_body_fast
  -feet_stay -one_hand -travels_far -sits_at_end -trunk_bends
kick, front kick, forward kick, kick forward, kick ball, kick front, kick air, kick left front, kick right front, kick someone, penalty kick:
  foot_lifts leg_forward stands_throughout -feet_stay -hand_at_head -hands_meet -hand_below_knee -sits_at_end -hand_repeats -travels_far foot_high
  -hand_above_shoulder
side kick, kick aside, kick sideways, kick to side, kick left side, kick right side: foot_lifts leg_aside stands_throughout -feet_stay
  -hand_at_head -hands_meet -hand_below_knee -sits_at_end -hand_repeats -travels_far foot_high -hand_above_shoulder
leg raise, straight leg raise, raise leg, lift leg, leg lift, stand active straight leg raise: foot_lifts leg_forward stands_throughout -feet_stay
  -travels -jumps -hand_fast -knees_bend -sits_at_end -whole_body_fast -hand_repeats -hand_below_knee
punch, forward punch, jab, strike, hit, throw punch, hit someone, stab, punch someone, hit someone with object, swing knife, slap, punch slap: @hit
  one_hand hand_above_shoulder stands_throughout -hands_meet -hand_above_head -jumps -hand_repeats -hand_across
box, front boxing, shadow box, spar, fight, front box: @hit elbow_bends both_hands_move hands_before_chest stands_throughout hand_above_shoulder
  -one_hand -hand_across
side boxing, side punch, punch aside, hook punch: hand_fast hand_above_shoulder elbow_bends stands_throughout hand_up_and_down -arms_still
  -hand_below_knee -sits_at_end -hands_meet -hand_above_head -travels_far
push, two hand push, shove, push forward, push someone, push away, push with both hand: both_hands_forward hand_forward both_hands_move
  hands_before_chest hand_above_shoulder stands_throughout hand_up_and_down -one_hand -hand_above_head -hand_below_knee -arms_wide elbow_bends
  -hand_across -hands_meet
pull, drag, tug, row, pull rope, tug of war: both_hands_move hand_forward elbow_bends -one_hand -hand_above_head -hand_at_head -arms_wide -jumps
pat, pat on back, tap, tap on shoulder, touch, pat someone on back: one_hand hand_forward stands_throughout trunk_upright -hands_meet -hand_at_head
  -hand_below_knee -jumps -arms_wide -trunk_bends
knock into, bump into, bump: travels trunk_leans_aside -feet_stay -hand_above_head -hand_at_head -hand_below_knee -sits_at_end -hand_repeats
dance, waltz, disco, do dance, salsa: hand_repeats steps both_hands_move stands_throughout -feet_stay -arms_still -sits_at_end -hand_below_knee
  -ends_as_began -travels_far
stretch, stretch oneself, stretch arm, stretch body, warm up: @stay both_hands_move hand_above_head both_hands_above_head hand_above_shoulder
  stands_throughout -one_hand -hand_below_knee -hand_fast -knees_bend -hand_repeats
rotate arm, spin arm, arm circle, circle arm, spin arm in circle, rotate arm both backward, rotate arm both forward, swim, windmill:
  both_hands_move hand_above_head both_hands_above_head hand_up_and_down stands_throughout -one_hand -hand_at_head -jumps -sits_at_end -trunk_bends
  -hand_below_knee -hands_meet arms_wide
arm swing, swing arm: @stay hand_repeats both_hands_move stands_throughout -one_hand -hand_at_head -trunk_bends -hand_below_knee -arms_still
arm curl, bicep curl, curl, curl dumbbell, arm curl two arm, curl weight: @stay @up both_hands_move elbow_bends hand_up_and_down stands_throughout
  -one_hand -hand_above_head -arms_wide hands_before_chest -hands_meet
lateral raise, raise arm sideways, spread arm, arm out, t pose: @stay @up both_hands_move arms_wide hand_out hand_rises -one_hand -hands_meet
  -hand_at_head -hand_above_head
shoulder abduction, stand shoulder abduction: @stay @up one_hand hand_out hand_above_shoulder hand_up_and_down stands_throughout -hand_forward
  -hand_fast -both_hands_move -hands_meet
shoulder scaption, stand shoulder scaption, shoulder flexion: @stay @up one_hand hand_above_shoulder hand_up_and_down stands_throughout -hand_fast
  -hand_across -both_hands_move -hands_meet -elbow_bends
shoulder extension, stand shoulder extension: @stay @up one_hand stands_throughout -hand_above_shoulder -hand_above_head -hand_fast -hand_forward
  -both_hands_move -hands_meet -hand_at_head
shoulder rotation, internal external rotation, stand shoulder internal external rotation: @stay @up one_hand stands_throughout -hand_above_head
  -hand_fast -both_hands_move -hands_meet -hand_at_head
shrug, shrug shoulder: @stay @up elbow_bends both_hands_move -one_hand -hand_above_head -hand_at_head -hand_below_knee -hands_meet
elbow to knee, knee to elbow, cross crunch: foot_lifts foot_high elbow_bends knees_bend hand_above_shoulder -feet_stay -travels -sits_at_end -jumps
  -hand_above_head -hand_forward
push up, pushup, press up, plank: hand_below_knee both_hands_below_knee both_hands_move trunk_bends -trunk_upright -stands_throughout -travels
  -jumps -one_hand -hand_above_head -steps -turns_around
sit up, situp, crunch, abdominal crunch: trunk_bends both_hands_move elbow_bends -trunk_upright -stands_throughout -travels -jumps -steps -one_hand
  -turns_around -arms_wide
pull up, pullup, chin up: hand_above_head both_hands_above_head hand_above_shoulder both_hands_move elbow_bends -one_hand -hand_below_knee -steps
  -travels -sits_at_end -trunk_bends
bench press, press bench: both_hands_move elbow_bends hand_repeats hand_up_and_down feet_stay -one_hand -steps -travels -jumps -stands_throughout
  -trunk_upright -turns_around
shoulder press, overhead press, military press: @stay @up both_hands_move both_hands_above_head hand_above_head elbow_bends hand_repeats -one_hand
  -hands_meet
clean and jerk, snatch, weight lift, weightlift, deadlift, power clean: both_hands_move hand_below_knee both_hands_below_knee hand_above_head
  both_hands_above_head hips_down_and_up knees_bend trunk_bends hand_rises -one_hand -travels_far -trunk_upright
tennis swing, tennis forehand, tennis forehand swing, forehand, backhand, swing paddle, swing racket, badminton, table tennis, hit ball, play
  tennis: @racket hand_up_and_down hand_above_shoulder -arms_still
tennis serve, serve, serve ball, volleyball serve, smash, serve tennis: hand_fast hand_above_head hand_above_shoulder stands_throughout
  hand_up_and_down hand_forward -hand_below_knee -hands_meet_again -sits_at_end -travels_far both_hands_move hand_out -one_hand
golf swing, golf, swing golf club, play golf, hit golf ball: hands_meet both_hands_move hand_fast hand_across stands_throughout hand_above_shoulder
  -one_hand -hand_below_knee -jumps -travels_far -sits_at_end trunk_bends_and_returns -trunk_upright
baseball swing, swing bat, hit baseball, baseball bat, cricket shot, swing baseball bat, baseball swing from right, bat, cricket: hands_meet
  both_hands_move hand_fast hand_across hand_above_shoulder hands_before_chest stands_throughout -one_hand -hand_below_knee -sits_at_end -jumps
  elbow_bends -hand_above_head
strum guitar, play guitar, guitar, play bass, play ukulele: @stay elbow_bends hand_repeats hands_before_chest one_hand -hand_above_head
  -hand_at_head -hand_below_knee -hand_above_shoulder -arms_wide
play violin, violin, play flute, play trumpet: @stay @up elbow_bends hand_above_shoulder hand_at_head -arms_wide -hand_above_head -hand_below_knee
play piano, piano, play drum, drum: @stay elbow_bends hand_repeats both_hands_move -one_hand -hand_above_head -hand_at_head -hand_below_knee
shoot arrow, archery, draw bow, shoot bow: @stay @up hand_above_shoulder elbow_bends hand_out arms_wide -hand_repeats -hand_above_head
  -hand_below_knee
conduct, conduct orchestra, direct traffic: @stay @up hand_repeats elbow_bends both_hands_move -one_hand -arms_still -hand_at_head -hand_below_knee
ride bike, ride bicycle, cycle, pedal, drive, drive car, steer, ride: hands_before_chest hand_forward both_hands_move -stands_throughout
  -hand_above_head -hand_at_head -one_hand -jumps -hand_repeats
saw, plane wood, scrub, grind: one_hand hand_repeats hand_forward -hand_above_head -hand_at_head -hands_meet -jumps -sits_at_end
swing, swing something: one_hand hand_fast hand_up_and_down hand_across stands_throughout -hand_at_head -sits_at_end -hands_meet_again
yoga, tai chi, stretch leg: stands_throughout -hand_fast -whole_body_fast -travels_far -jumps -hand_repeats both_hands_move
catch cap, catch hat: one_hand hand_out hand_above_shoulder hand_up_and_down hand_fast feet_stay trunk_upright -hands_meet -hand_repeats
  -hand_below_knee -sits_at_end -both_hands_move -hand_across
take umbrella, open umbrella, close umbrella: both_hands_move elbow_bends hand_up_and_down stands_throughout feet_stay -one_hand -hand_at_head
  -hand_fast -hand_above_head -travels -sits_at_end
jog, go for jog: steps foot_lifts elbow_bends both_hands_move stands_throughout trunk_upright -feet_stay -one_hand -sits_at_end -hand_above_head
  -hand_above_shoulder -hands_meet -hand_below_knee
"""

MANNERS = """
one hand, one arm, single hand, one handed, right hand, left hand, right arm, left arm: one_hand -both_hands_move
two hand, two arm, both hand, both arm, two handed, each hand: both_hands_move -one_hand
stand: stands_throughout -sits_at_end -sits_at_start
while sit, be sitting, in chair, while seated: sits_at_end sits_at_start -stands_throughout
while walk, and walk, to somewhere: travels steps -feet_stay
in place, on spot: -travels -travels_far
around: turns_around
quick, quickly, fast, violently: hand_fast
slow, slowly, gently, carefully: -hand_fast -whole_body_fast
repeatedly, several time, again and again, many time: hand_repeats
overhead, above head: hand_above_head hand_above_shoulder
from floor, from ground, off floor, on floor, on ground, floor: hand_below_knee
"""
