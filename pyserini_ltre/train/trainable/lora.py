"""Train low-rank updates inside the encoder's linear layers (LoRA), by peft."""

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.train.loop.schedule import ScheduleDefaults
from pyserini_ltre.train.trainable.encoder import WholeEncoder

RANK = 16


class LoraEncoder(WholeEncoder):
    """LoRA on every linear layer of the backbone; see `Trainable`.

    Parameters
    ----------
    encoder : BiEncoder
        Its backbone is wrapped while training and merged by `finish`.

    Notes
    -----
    Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (arXiv 2106.09685).
    """

    defaults = ScheduleDefaults(learning_rate=5e-4, steps=300)
    anchor = 1.0

    def __init__(self, encoder: BiEncoder) -> None:
        try:
            from peft import LoraConfig, get_peft_model
        except ImportError:
            raise InputError(
                '`trainable` lora needs peft; install it: pip install "pyserini-ltre[lora]"'
            ) from None
        self.encoder = encoder
        self.module = encoder
        encoder.requires_grad_(False)
        config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", bias="none")
        # The random halves of the updates are drawn here: like everything else, from the seed.
        encoder.backbone = get_peft_model(encoder.backbone, config)  # type: ignore[assignment]

    def finish(self) -> BiEncoder:
        """Merge the updates into the weights."""
        self.encoder.backbone = self.encoder.backbone.merge_and_unload()  # type: ignore[operator]
        return self.encoder.requires_grad_(True).eval()

    def discard(self) -> BiEncoder:
        """Take the updates off."""
        self.encoder.backbone = self.encoder.backbone.unload()  # type: ignore[operator]
        return self.encoder.requires_grad_(True).eval()
