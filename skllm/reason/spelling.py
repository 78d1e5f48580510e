"""Pictures, questions and answers as a row of tokens, in ChatML."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from transformers import PreTrainedTokenizerBase

from skllm.reason.conversation import Line, Seen, following
from skllm.reason.families import InternVL, Qwen25VL
from skllm.reason.questions import SYSTEM

IGNORED = -100       # positions that no loss looks at


class Speller:
    """A tokenizer that knows how a family of models is shown pictures; frame_label: text before each picture, with {n} from 1."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, family: InternVL | Qwen25VL, name: str, frame_label: str):
        self.family, self.frame_label = family, frame_label
        self.end = tokenizer.convert_tokens_to_ids("<|im_end|>")
        if self.end is None or self.end == tokenizer.unk_token_id:
            raise ValueError(f"the tokenizer of {name} has no <|im_end|>; skllm speaks ChatML, as InternVL3, Qwen2.5-VL and SmolLM2 do")
        self.wraps = family.before in tokenizer.get_vocab()
        self._ids = lru_cache(2**14)(lambda text, plain: tokenizer(text, add_special_tokens=False, split_special_tokens=plain)["input_ids"])

    def plain(self, text: str) -> list[int]:
        """A user's words: control tokens that are spelt out in them stay words."""
        return self._ids(text, True)

    def question(self, text: str) -> list[int]:
        """A question up to where its answer begins."""
        return [*self.plain("\n" + text), *self._special("<|im_end|>\n<|im_start|>assistant\n")]

    def answer(self, text: str) -> list[int]:
        """An answer and its end."""
        return [*self.plain(text), self.end]

    def line(self, seen: Seen, questions: Sequence[str], answers: Sequence[str] | None = None) -> Line:
        """What all questions share, then each with its answer, counted on from the pictures; without answers up to the word to be said first."""
        pieces = self._shown(seen)
        asked = [self.question(question) for question in questions]
        said = [self.answer(answer) for answer in answers] if answers else [[] for _ in questions]
        common = self.family.positions([(picture, len(ids)) for picture, ids in pieces])
        lengths = [(len(question), len(answer)) for question, answer in zip(asked, said, strict=True)]
        shared = common.shape[1]
        targets = [IGNORED] * shared
        for question, answer in zip(asked, said, strict=True):
            targets += [IGNORED] * (len(question) - 1) + answer + [IGNORED]         # said next, so a place earlier
        ids = [one for _, piece in pieces for one in piece]
        return Line(
            ids=torch.tensor(ids + [one for pair in zip(asked, said, strict=True) for part in pair for one in part]),
            picture=torch.tensor([picture for picture, piece in pieces for _ in piece] + [False] * sum(map(sum, lengths))),
            positions=torch.cat([common, *(following(common, sum(pair)) for pair in lengths)], 1),
            targets=torch.tensor(targets),
            branch=torch.tensor([-1] * shared + [n for n, pair in enumerate(lengths) for _ in range(sum(pair))]),
        )

    def _shown(self, seen: Seen) -> list[tuple[bool, list[int]]]:
        """What comes before any question, in pieces: is it a picture, and its ids."""
        pieces = [(False, self._special(f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n"))]
        for n, tokens in enumerate(seen, 1):
            before = self._special(self.frame_label.format(n=n) + (self.family.before if self.wraps else ""))
            after = self._special(self.family.after if self.wraps else "")
            pieces += [(False, before), (True, [self.end] * len(tokens)), (False, after)]
        return pieces

    def _special(self, text: str) -> list[int]:
        return self._ids(text, False)
