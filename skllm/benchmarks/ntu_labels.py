"""The words for NTU RGB+D's actions, in the order of their numbers."""

NTU60_LABELS = (
    "drink water", "eat food", "brush teeth", "brush hair", "drop something", "pick up", "throw", "sit down", "stand up", "clapping",
    "reading", "writing", "tear up paper", "put on jacket", "take off jacket", "put on shoe", "take off shoe", "put on glasses",
    "take off glasses", "put on hat/cap", "take off hat/cap", "cheer (raise arms)", "hand waving", "kicking the air/something",
    "reach into pocket", "hopping", "jump up", "phone call", "play with phone/tablet", "type on keyboard", "point at something/directions",
    "take a selfie", "check time (from watch)", "rub two hands", "bow (bend forward)", "shake head", "wipe face", "salute",
    "pray with hands together", "cross hands in front", "sneezing/cough", "staggering", "falling down", "headache", "chest pain",
    "back pain", "neck pain", "nausea/vomiting", "fan self", "punch/slap someone", "kicking someone", "pushing someone",
    "pat someone on the back", "point at someone", "hug each other", "giving object", "touch someone's pocket", "shaking hands",
    "walking towards each other", "walking apart from each other",
)
_FROM_61 = (
    "put on headphones", "take off headphone", "throw ball (shoot a basket)", "bounce ball", "swing paddle", "juggle table tennis ball",
    "hush", "touch hair", "give thumbs up", "give thumbs down", "make ok sign", "make victory sign", "staple papers with a small stapler",
    "counting money", "cutting nails", "cutting paper", "snap fingers", "open a bottle", "sniff/smell", "squat down", "toss a coin",
    "fold paper", "ball up paper", "play with a rubik's cube", "apply cream on face", "apply cream on hand", "put on bag", "take off bag",
    "put object into bag", "take object out of bag", "open a box", "move heavy objects", "shake fist", "throw up hat/cap", "capitulate",
    "cross arms", "spin arms in circles", "arm swings", "run on the spot", "butt kicks", "touch toes repeatedly", "side kick", "yawn",
    "stretch oneself", "blow nose", "hit someone with an object", "swing a knife at someone", "knock into someone",
    "grab something from someone", "point a gun at someone", "step on someone's foot", "high-five", "cheers and drink",
    "carry objects together", "take a photo", "follow someone", "whisper to someone", "exchange objects", "support someone",
    "rock-paper-scissors",
)
NTU120_LABELS = NTU60_LABELS + _FROM_61
