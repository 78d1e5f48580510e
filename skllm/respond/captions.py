"""How near sentences are to references: BLEU, ROUGE-L, CIDEr-D and BERTScore, each with an interval over clips. Needs the extra `text`.

BLEU is sacrebleu's and ROUGE-L torchmetrics'; `signatures` says with which settings. CIDEr-D (Vedantam et al. 2015) is written here, since its
libraries are no longer kept up, and BERTScore, since torchmetrics lets sentences that are scored together change places (its issue 2728).
"""

import importlib.metadata
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

_LONGEST, _SIGMA = 4, 6.0          # words in a row at most; how fast CIDEr-D falls with a difference in length
_RESAMPLED = 1000
Weigh = Callable[[Sequence[str], Sequence[Sequence[str]]], Sequence[float]]


@dataclass(frozen=True)
class Nearness:
    """A measure over n clips and its 95 % interval, by resampling clips (percentiles of 1,000 draws)."""

    value: float
    n: int
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n = {self.n})"


def nearness(said: Sequence[str], references: Sequence[Sequence[str]], bert: Weigh | None = None, seed: int = 0) -> dict[str, Nearness]:
    """BLEU-1, BLEU-4 and ROUGE-L in [0, 1], CIDEr-D from 0 to 10, and with `bert` (see `bert_score`) BERTScore, of one sentence a clip.

    references: those of each clip, one or more; where they are the same for all clips, or there is one clip, CIDEr-D is left out.
    Raises ValueError where there is nothing to compare, ImportError without the extra `text`.
    """
    _check(said, references)
    each = {"ROUGE-L": _rouge_l(said, references)}
    if any(_rarity(references).values()):
        each["CIDEr-D"] = cider_d(said, references)
    if bert:
        each["BERTScore"] = list(bert(said, references))
    draws = np.random.default_rng(seed).integers(0, len(said), (_RESAMPLED, len(said)))
    found = {f"BLEU-{n}": _nearness(lambda rows, n=n: bleu([said[r] for r in rows], [references[r] for r in rows], n), draws) for n in (1, 4)}
    arrays = {name: np.array(values) for name, values in each.items()}
    return found | {name: _nearness(lambda rows, values=values: float(values[rows].mean()), draws) for name, values in arrays.items()}


def _check(said: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if any(isinstance(several, str) for several in references):
        raise ValueError("the references of each clip are a list of sentences; got a sentence in its place")
    if not said or len(said) != len(references) or not all(references):
        empty = sum(not several for several in references)
        raise ValueError(f"every sentence needs a reference; got {len(said)} sentences and {len(references)} lists of them, {empty} empty")


def _nearness(measure: Callable[[np.ndarray], float], draws: np.ndarray) -> Nearness:
    clips = draws.shape[1]
    low, high = np.percentile([measure(rows) for rows in draws], (2.5, 97.5))
    return Nearness(measure(np.arange(clips)), clips, float(low), float(high))


def bleu(said: Sequence[str], references: Sequence[Sequence[str]], longest: int = 4) -> float:
    """Corpus BLEU in [0, 1], lower-cased, 13a tokens, exponential smoothing."""
    return _bleu(longest).corpus_score(list(said), _columns(references)).score / 100


def _columns(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """The first reference of every clip, then the second, as sacrebleu wants them."""
    return [[one[n] if n < len(one) else None for one in references] for n in range(max(map(len, references)))]


def _bleu(longest: int):
    from sacrebleu.metrics import BLEU

    return BLEU(lowercase=True, max_ngram_order=longest)


def _rouge_l(said: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    from torchmetrics.functional.text import rouge_score

    how = {"rouge_keys": "rougeL", "accumulate": "best", "normalizer": str.lower, "tokenizer": _words}
    return [float(rouge_score(one, [list(several)], **how)["rougeL_fmeasure"]) for one, several in zip(said, references, strict=True)]


def cider_d(said: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """CIDEr-D of each sentence: cosine of tf-idf of 1 to 4 words in a row, clipped, less for another length, times ten; mean over references.

    Rarity is counted over the references of these clips, so it depends on which clips are asked about together. Raises ValueError where all clips
    have the same references: then no word is rare, and all would score nothing.
    """
    _check(said, references)
    heard = [[_counts(one) for one in several] for several in references]
    rarity = _rarity(references)
    if not any(rarity.values()):
        raise ValueError(f"CIDEr-D tells rare words by other clips; got {len(references)} clips whose references are all the same")
    unheard = math.log(len(heard))

    def weighed(counts: Counter) -> list[dict[tuple, float]]:
        return [{gram: count * rarity.get(gram, unheard) for gram, count in counts.items() if len(gram) == n} for n in range(1, _LONGEST + 1)]

    found = []
    for text, several in zip(said, heard, strict=True):
        mine = _counts(text)
        found.append(10 * float(np.mean([_alike(mine, weighed(mine), theirs, weighed(theirs)) for theirs in several])))
    return found


def _rarity(references: Sequence[Sequence[str]]) -> dict[tuple, float]:
    """Of words in a row: the logarithm of how many clips there are for each that has them."""
    among = Counter(gram for several in references for gram in set().union(*map(_counts, several)))
    return {gram: math.log(len(references)) - math.log(count) for gram, count in among.items()}


def _alike(mine: Counter, own: list[dict], theirs: Counter, other: list[dict]) -> float:
    """The mean over lengths of the clipped cosine, times how alike the lengths are."""
    apart = sum(count for gram, count in mine.items() if len(gram) == 1) - sum(count for gram, count in theirs.items() if len(gram) == 1)
    cosines = []
    for a, b in zip(own, other, strict=True):
        sizes = math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))
        cosines.append(sum(min(value, b[gram]) * b[gram] for gram, value in a.items() if gram in b) / sizes if sizes else 0.0)
    return float(np.mean(cosines)) * math.exp(-(apart**2) / (2 * _SIGMA**2))


def _words(text: str) -> list[str]:
    """Of any alphabet, in small letters, without punctuation."""
    return re.findall(r"\w+", text.lower())


def _counts(text: str) -> Counter:
    words = _words(text)
    return Counter(tuple(words[n : n + length]) for length in range(1, _LONGEST + 1) for n in range(len(words) - length + 1))


def bert_score(encoder: torch.nn.Module, tokenizer, start: int, end: int) -> Weigh:
    """BERTScore (Zhang et al. 2020; F1, no idf, not rescaled) by a language model's last hidden states: each sentence beside its best reference.

    start, end: tokens put around a text and left out of the score
    """

    @torch.no_grad()
    def states(text: str) -> Float[Tensor, "L D"]:
        ids = [start, *tokenizer(text, add_special_tokens=False)["input_ids"], end]
        hidden = encoder(input_ids=torch.tensor([ids], device=next(encoder.parameters()).device)).last_hidden_state[0, 1:-1]
        return torch.nn.functional.normalize(hidden.float(), dim=-1)

    def alike(one: Float[Tensor, "L D"], other: Float[Tensor, "M D"]) -> float:
        if not len(one) or not len(other):
            return 0.0
        cosines = one @ other.T
        precision, recall = cosines.amax(1).mean(), cosines.amax(0).mean()
        return float(2 * precision * recall / (precision + recall))

    def weigh(said: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
        heard = {text: states(text) for text in {*said, *(one for several in references for one in several)}}
        return [max(alike(heard[one], heard[other]) for other in several) for one, several in zip(said, references, strict=True)]

    return weigh


def signatures(references: Sequence[Sequence[str]]) -> dict[str, str]:
    """Which library, version and settings each measure comes from, with so many references."""
    told = {}
    for longest in (1, 4):
        metric = _bleu(longest)
        metric.corpus_score(["a"] * len(references), _columns(references))
        told[f"BLEU-{longest}"] = f"sacrebleu {metric.get_signature()}, at most {longest} words in a row"
    return told | {
        "ROUGE-L": f"torchmetrics {importlib.metadata.version('torchmetrics')}, F1, no stemming, words of any alphabet, best reference",
        "CIDEr-D": "skllm.respond.captions, 1 to 4 words, sigma 6, rarity among the clips asked about, words lower-cased, without punctuation",
        "BERTScore": "skllm.respond.captions, F1, last layer, no idf, not rescaled, best reference",
    }
