"""Other people's models on the same pictures: any server that speaks OpenAI's chat completions."""

from collections.abc import Sequence
from pathlib import Path

from skllm.benchmarks import LabelledClip
from skllm.model import SkeletonLLM
from skllm.respond.scores import Score, accuracy
from skllm.train.teachers import Teacher, collect_rationales


def examine_external(reader: Teacher, model: SkeletonLLM, clips: Sequence[LabelledClip], labels: Sequence[str], folder: str | Path) -> Score:
    """How often a reader of pictures, shown what `model` renders and asked to explain and to choose, ends on the right label.

    What it says is kept in `folder` and not asked for again. An answer that ends on no label, or on a label without any reason, counts as wrong;
    a clip about which the server said nothing ends it. Raises ValueError for a reader that cannot choose, ConnectionError where answers are missing.
    """
    found = collect_rationales(reader, clips, model, folder=folder, told=False, labels=labels)
    silent = [key for key, why in found.dropped if "gave no answer" in why]
    if silent:
        raise ConnectionError(f"{reader.name} said nothing about {len(silent)} of {len(clips)} clips, the first {silent[0]}; run it again to ask")
    return accuracy([one.key in found.texts for one in clips])
