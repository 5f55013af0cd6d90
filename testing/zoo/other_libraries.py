"""As zoo.py, for timm and transformers, where they are installed.

    python3 testing/zoo/other_libraries.py --library=timm|transformers
        [--models=vit_tiny_patch16_384] [--table=PATH.md] [--results=PATH.jsonl]

Needs the package flextorchir on PYTHONPATH (bazel run //python:install) and the
library (pip install timm transformers). Weights are random: nothing is downloaded.
See conversion_check.py for what is checked.
"""

import os
import sys

import conversion_check
import transformers_models

_COMMAND = "python3 testing/zoo/other_libraries.py --library=%s --table=docs/zoo-%s.md"

# The smallest model of each family.
TIMM = """
    bat_resnext26ts beit_base_patch16_224 botnet26t_256 cait_xxs24_224 coat_tiny
    coatnet_nano_rw_224 convit_tiny convmixer_768_32 convnext_zepto_rms_ols
    convnextv2_atto cpubone_nano crossvit_tiny_240 cs3darknet_focus_s csatv2
    cspnext_tiny davit_tiny deit_tiny_patch16_224 dla46x_c dpn48b eca_nfnet_l0
    edgenext_xx_small efficientformer_l1 efficientformerv2_s0 efficientnet_b0
    efficientvim_m1 efficientvit_b0 efficientvit_m0 ese_vovnet19b_slim_dw
    eva02_tiny_patch14_224 fasternet_t0 fastvit_t8 focalnet_tiny_srf gcvit_xxtiny
    gemma4_vit_167m ghostnet_050 gmlp_ti16_224 halonet_h1 hardcorenas_b hgnetv2_b0
    hiera_tiny_224 hrnet_w18_small iformer_t inception_next_atto inception_resnet_v2
    inception_v4 lambda_resnet26t lcnetv2_small legacy_seresnet18 legacy_xception
    levit_128s lowformer_b0 mambaout_femto maxvit_nano_rw_256 mobilenetv2_050
    mobilenetv3_small_050 mobilenetv4_conv_small mobilenetv5_base mobileone_s2
    mobilevit_xxs mvitv2_tiny naflexvit_base_patch16_parfac_gap nest_tiny
    nextvit_small nf_regnet_b0 pit_ti_224 poolformerv2_s12 pvt_v2_b0 qwen3_vit_88m
    rdnet_tiny regnety_002 repghostnet_050 repvit_m1 res2next50 resnest14d resnet14t
    resnetv2_18 rexnet_100 sam2_hiera_tiny samvit_base_patch16_224 selecsls42
    sequencer2d_s shvit_s1 skresnet18 starnet_s050 swiftformer_xs swinv2_cr_tiny_224
    swinv2_tiny_window8_256 tiny_vit_5m_224 tnt_s_legacy_patch16_224 tresnet_m
    twins_svt_small visformer_tiny vit_srelpos_small_patch16_224
    vit_tiny_patch16_384 vit_tiny_r_s16_p8_224 vitamin_small_224 volo_d1_224
    xception41p xcit_nano_12_p8_224
""".split()


def make_timm(name):
    import timm
    import torch

    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False).eval()
    # Trained models differ from channel to channel; an even one hides mistakes.
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model, (torch.rand(1, *model.default_cfg["input_size"]),), {}


def timm_library():
    import timm
    import torch

    import flextorchir  # pylint: disable=unused-import

    library = conversion_check.Library(
        command=_COMMAND % ("timm", "timm"),
        title="timm's models",
        introduction="A model of each family of timm, converted from Python with "
        "random weights",
        names=TIMM,
        make=make_timm,
        exceptions=[],
    )
    return library, f"torch {torch.__version__}, timm {timm.__version__}"


# Beginnings of names; where in transformers a model looks at its inputs' values;
# and what it does there.
_TRANSFORMERS_EXCEPTIONS = [
    ("", "masking_utils.py", "asks whether the attention mask masks anything"),
    ("led", "modeling_led.py", "asks whether any attention is global"),
    ("llama-generate", "generation/utils.py",
     "asks whether it has generated the end"),
    ("llava", "modeling_llava.py", "counts the tokens that stand for an image"),
    ("llava", "import_utils.py", "counts the tokens that stand for an image"),
    ("longformer", "modeling_longformer.py", "asks whether any attention is global"),
    ("nystromformer", "modeling_utils.py", "looks for padding, to warn of it"),
    ("vilt", "modeling_vilt.py", "selects patches by the mask of the image"),
    ("vits", "modeling_vits.py", "makes as much sound as it predicts"),
]


def transformers_library():
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    import transformers
    # Slow to import, and loaded only when a model needs it: once for all of them.
    import transformers.modeling_utils

    import flextorchir  # pylint: disable=unused-import

    library = conversion_check.Library(
        command=_COMMAND % ("transformers", "transformers"),
        title="transformers' models",
        introduction="Architectures of transformers, with and without caches, masks "
        "and attention weights, small and with random weights, converted from Python",
        names=transformers_models.names(),
        make=transformers_models.make,
        exceptions=_TRANSFORMERS_EXCEPTIONS,
    )
    return library, f"torch {torch.__version__}, transformers {transformers.__version__}"


if __name__ == "__main__":
    sys.exit(conversion_check.main({
        "timm": timm_library,
        "transformers": transformers_library,
    }))
