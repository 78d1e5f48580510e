"""Labels become, for each, the labels most easily mistaken for it: hard negatives, from label texts and the body alone."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from skllm.benchmarks.bodywords import GROUPS, IMPLIED, SAYINGS

# Chosen by eye on NTU RGB+D's labels: the body tells more than the wording, and one person is rarely mistaken for two.
WEIGHTS = {"part": 2.0, "move": 3.0, "place": 3.0, "people": 3.0, "words": 1.0}
Rank = Callable[[str, list[str]], Sequence[str]]
Known = TypeVar("Known")


def similar_actions(labels: Sequence[str], top: int = 5, rank: Rank | None = None) -> dict[str, tuple[str, ...]]:
    """For each label its `top` most similar other labels, or all others where there are fewer, the most similar first.

    Similarity is the cosine of five unit vectors laid end to end, squared lengths by `WEIGHTS`: body parts, kinds of movement, places
    and things, number of people (all by the lexicon `bodywords`), and the letters of the stemmed words, which alone carry what the
    lexicon does not know. A rare feature counts more than a common one, so the lists depend on the whole set of labels. Opposites
    such as "sit down" and "stand up" come out close on purpose: they pass through the same poses. The lists are not symmetric: b may
    be among a's nearest while b has nearer ones than a. Ties go by the order of `labels`.

    rank: a teacher that refines the lists: given a label and its 3 * `top` best candidates, it returns those it prefers, best first;
    what it leaves out follows in our order.
    """
    _check(labels, top)
    labels = list(labels)
    closeness = _similarities(labels)
    found = {}
    for n, label in enumerate(labels):
        order = [labels[m] for m in np.argsort(-closeness[n], kind="stable") if m != n]
        found[label] = tuple((_refined(label, order[:3 * top], rank) if rank else order)[:top])
    return found


def _check(labels: Sequence[str], top: int) -> None:
    if isinstance(labels, str) or not all(isinstance(label, str) for label in labels) or len(labels) < 2:
        raise ValueError(f"labels are two words or more, such as ['walk', 'run']; got {labels!r}")
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise ValueError(f"every label stands once; got {', '.join(map(repr, twice))} more than once: leave the repeats out")
    if any(not label.strip() for label in labels):
        raise ValueError(f"a label says something; label {next(n for n, one in enumerate(labels) if not one.strip())} is blank: name the action")
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise ValueError(f"top is how many others each label gets, 1 or more; got {top!r}")


def _refined(label: str, candidates: list[str], rank: Rank) -> list[str]:
    """The candidates, those the teacher names first and in its order."""
    wanted = list(dict.fromkeys(rank(label, list(candidates))))
    invented = [one for one in wanted if one not in candidates]
    if invented:
        raise ValueError(
            f"rank answers with candidates of {label!r} only; got {', '.join(map(repr, invented))}: match its answers to the list it was given"
        )
    return wanted + [one for one in candidates if one not in wanted]


def _similarities(labels: list[str]) -> np.ndarray:
    """Cosines [N N] of every two labels. Rounded, so that what is equal stays equal in any order of summing."""
    features = [_features(label) for label in labels]
    blocks = {group: _rare_first([one & known for one in features]) for group, known in GROUPS.items() if group != "people"}
    two = np.array([bool(one & GROUPS["people"]) for one in features])
    blocks |= {"people": np.stack([two, ~two], 1).astype(float), "words": _letters(labels)}
    rows = _unit(np.concatenate([np.sqrt(WEIGHTS[group]) * block for group, block in blocks.items()], 1))
    return np.round(rows @ rows.T, 9)


def _features(label: str) -> set[str]:
    """What the lexicon knows of a label."""
    found = {one for features in said(stems(label), _BY_STEMS) for one in features}
    return found | {IMPLIED[one] for one in found if one in IMPLIED}


def said(words: list[str], sayings: Mapping[tuple[str, ...], Known]) -> list[Known]:
    """What is known of the sayings in a row of stems, in its order; of two that fit at one place, the longer."""
    longest = max(map(len, sayings))
    found = []
    while words:
        fits = next((n for n in range(min(longest, len(words)), 0, -1) if tuple(words[:n]) in sayings), 0)
        found += [sayings[tuple(words[:fits])]] if fits else []
        words = words[max(fits, 1):]
    return found


def stems(label: str) -> list[str]:
    """The words of a text without case, marks and their commonest endings."""
    return [_stem(word) for word in re.findall(r"[^\W_]+", label.lower())]


def _stem(word: str) -> str:
    """The word without its commonest endings: clapping, claps and clap become one; good for comparing, not for reading."""
    for ending in ("ing", "ed", "es", "s", "e"):
        start = word.removesuffix(ending)
        if start != word and len(start) >= 3 and re.search("[aeiouy]", start) and not word.endswith("ss"):
            word = start
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def _rare_first(bags: list[set[str]]) -> np.ndarray:
    """One row a bag [N F], of length one; a feature weighs more the fewer bags hold it."""
    known = sorted(set().union(*bags))
    held = np.array([[one in bag for one in known] for bag in bags], float).reshape(len(bags), len(known))
    return _unit(held * (1 + np.log((1 + len(bags)) / (1 + held.sum(0)))))


def _letters(labels: list[str]) -> np.ndarray:
    """One row a label [N F], of length one: runs of two to four letters of its stemmed words, rare ones heavier."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # slow to import, so only when asked

    texts = [" ".join(stems(label)) or label for label in labels]
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)).fit_transform(texts).toarray()


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


_BY_STEMS = {tuple(stems(saying)): features for saying, features in SAYINGS.items()}
