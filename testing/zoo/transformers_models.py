"""Small models of the architectures of transformers, with random weights.

`MODELS` has a row for each: the class of the model, the class and the options of
its configuration, and a function that makes what it is called with. `SPECIAL` has
those that need more.
"""

import functools

# Of a text model that is small, and still has each part more than once.
_TEXT = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2,
         "num_attention_heads": 4, "intermediate_size": 37}
_DECODER = _TEXT | {"num_key_value_heads": 2, "max_position_embeddings": 64,
                    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_MOE = {"moe_intermediate_size": 16, "num_experts": 4, "num_experts_per_tok": 2}
_VISION = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
           "intermediate_size": 37, "image_size": 32, "patch_size": 8}
_ENCODER_DECODER = {
    "vocab_size": 99, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4,
    "encoder_ffn_dim": 37, "decoder_ffn_dim": 37, "max_position_embeddings": 64,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
    "decoder_start_token_id": 2,
}
_WAVE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
         "intermediate_size": 37, "conv_dim": (32, 32), "conv_stride": (4, 4),
         "conv_kernel": (8, 8), "num_feat_extract_layers": 2, "vocab_size": 32,
         "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2,
         "mask_time_prob": 0.0}


def _ids(torch, *shape):
    return torch.randint(3, 99, shape)


def text(torch, **others):
    return {"input_ids": _ids(torch, 2, 7)} | others


def masked(torch, **others):
    """Two sentences, of which the second is shorter."""
    mask = torch.ones(2, 7, dtype=torch.int64)
    mask[1, 4:] = 0
    return text(torch, attention_mask=mask) | others


def pairs(torch):
    types = torch.zeros(2, 7, dtype=torch.int64)
    types[:, 4:] = 1
    return masked(torch, token_type_ids=types)


def left_padded(torch, **others):
    """As a tokenizer pads for generation."""
    mask = torch.ones(2, 7, dtype=torch.int64)
    mask[1, :3] = 0
    return text(torch, attention_mask=mask) | others


def uncached(torch):
    return masked(torch, use_cache=False)


def everything(torch):
    return masked(torch, output_hidden_states=True, output_attentions=True)


def tuples(torch):
    return text(torch, return_dict=False)


def encoder_decoder(torch):
    return masked(torch, decoder_input_ids=_ids(torch, 2, 5))


def image(torch):
    return {"pixel_values": torch.rand(2, 3, 32, 32)}


def large_image(torch):
    return {"pixel_values": torch.rand(1, 3, 64, 64)}


def wave(torch):
    return {"input_values": torch.rand(2, 800)}


def image_and_text(torch):
    return masked(torch) | image(torch)


def masked_patches(torch):
    mask = torch.zeros(2, 16, dtype=torch.bool)
    mask[:, 3:9] = True
    return image(torch) | {"bool_masked_pos": mask}


# What makes inputs by running the model.
_STEPS = []


def decode(cached):
    """One step of generate(): a token, and the cache of those before it."""

    def inputs(torch, model):
        given = cached(torch)
        step = {"input_ids": _ids(torch, 2, 1), "use_cache": True,
                "past_key_values": model(**given, use_cache=True).past_key_values}
        if "attention_mask" in given:
            mask = given["attention_mask"]
            step["attention_mask"] = torch.cat([mask, torch.ones_like(mask[:, :1])], 1)
        return step

    _STEPS.append(inputs)
    return inputs


def empty_cache(torch):
    import transformers

    return text(torch, past_key_values=transformers.DynamicCache())


# -- Configurations that are made of configurations.

_RESNET = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16],
           "depths": [1, 1, 1, 1], "out_features": ["stage2", "stage3", "stage4"]}
_DETR = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 2,
         "encoder_attention_heads": 4, "decoder_attention_heads": 4,
         "encoder_ffn_dim": 37, "decoder_ffn_dim": 37, "num_queries": 5}
_CLIP_TEXT = _TEXT | {"max_position_embeddings": 64, "projection_dim": 16,
                      "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_CLIP_VISION = _VISION | {"projection_dim": 16}


def _detr_options(transformers):
    backbone = transformers.ResNetConfig(**_RESNET | {"out_features": ["stage4"]})
    return _DETR | {"use_timm_backbone": False, "backbone_config": backbone}


def _deformable_detr_options(transformers):
    return _DETR | {"use_timm_backbone": False, "num_feature_levels": 4,
                    "backbone_config": transformers.ResNetConfig(**_RESNET)}


def _rt_detr_options(transformers):
    return {
        "d_model": 32, "encoder_hidden_dim": 32, "encoder_in_channels": [8, 16, 16],
        "decoder_in_channels": [32, 32, 32], "encoder_ffn_dim": 37,
        "decoder_ffn_dim": 37, "decoder_layers": 2, "num_queries": 5,
        "encoder_attention_heads": 4, "decoder_attention_heads": 4,
        "backbone_config": transformers.RTDetrResNetConfig(
            **_RESNET, layer_type="basic"),
    }


def _mask2former_options(transformers):
    backbone = transformers.SwinConfig(
        image_size=64, embed_dim=16, depths=[1, 1, 1, 1], num_heads=[2, 2, 2, 2],
        window_size=4, out_features=["stage1", "stage2", "stage3", "stage4"])
    return {"backbone_config": backbone, "hidden_dim": 32, "feature_size": 32,
            "mask_feature_size": 32, "encoder_layers": 1, "decoder_layers": 2,
            "num_attention_heads": 4, "num_queries": 5,
            "encoder_feedforward_dim": 37, "dim_feedforward": 37}


def _clip_options(_):
    return {"text_config": _CLIP_TEXT, "vision_config": _CLIP_VISION,
            "projection_dim": 16}


def _siglip_options(_):
    return {"text_config": _CLIP_TEXT, "vision_config": _CLIP_VISION}


def _blip_options(_):
    return {"text_config": _CLIP_TEXT | {"encoder_hidden_size": 32},
            "vision_config": _CLIP_VISION}


# name -> (model's class, configuration's class, its options or a function of
# transformers that gives them, inputs).
MODELS = {
    "bert": ("BertModel", "BertConfig", _TEXT, pairs),
    "bert-eager": ("BertModel", "BertConfig",
                   _TEXT | {"attn_implementation": "eager"}, everything),
    "bert-masked-lm": ("BertForMaskedLM", "BertConfig", _TEXT, masked),
    "bert-tuple": ("BertForQuestionAnswering", "BertConfig", _TEXT, tuples),
    "bert-classes-loss": (
        "BertForSequenceClassification", "BertConfig", _TEXT,
        lambda torch: masked(torch, labels=torch.tensor([0, 1]))),
    "distilbert": ("DistilBertForSequenceClassification", "DistilBertConfig",
                   {"vocab_size": 99, "dim": 32, "n_layers": 2, "n_heads": 4,
                    "hidden_dim": 37}, masked),
    "roberta": ("RobertaForTokenClassification", "RobertaConfig",
                _TEXT | {"pad_token_id": 1}, masked),
    "xlm-roberta": ("XLMRobertaModel", "XLMRobertaConfig",
                    _TEXT | {"pad_token_id": 1}, masked),
    "albert": ("AlbertModel", "AlbertConfig", _TEXT | {"embedding_size": 16}, masked),
    "electra": ("ElectraForPreTraining", "ElectraConfig",
                _TEXT | {"embedding_size": 16}, masked),
    "deberta-v2": ("DebertaV2Model", "DebertaV2Config",
                   _TEXT | {"relative_attention": True, "position_buckets": 8,
                            "pos_att_type": ["p2c", "c2p"], "share_att_key": True,
                            "norm_rel_ebd": "layer_norm"}, masked),
    "deberta": ("DebertaModel", "DebertaConfig",
                _TEXT | {"relative_attention": True,
                         "pos_att_type": ["p2c", "c2p"]}, masked),
    "modernbert": ("ModernBertForMaskedLM", "ModernBertConfig",
                   _TEXT | {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
                            "cls_token_id": 1, "sep_token_id": 2,
                            "global_attn_every_n_layers": 2, "local_attention": 4},
                   masked),
    "funnel": ("FunnelModel", "FunnelConfig",
               {"vocab_size": 99, "block_sizes": [1, 2], "d_model": 32, "n_head": 4,
                "d_head": 8, "d_inner": 37}, masked),
    "longformer": ("LongformerModel", "LongformerConfig",
                   _TEXT | {"attention_window": 4}, masked),
    "big-bird": ("BigBirdModel", "BigBirdConfig",
                 _TEXT | {"attention_type": "original_full"}, masked),
    "xlnet": ("XLNetModel", "XLNetConfig",
              {"vocab_size": 99, "d_model": 32, "n_layer": 2, "n_head": 4,
               "d_inner": 37}, masked),
    "fnet": ("FNetModel", "FNetConfig", _TEXT, text),
    "nystromformer": ("NystromformerModel", "NystromformerConfig",
                      _TEXT | {"num_landmarks": 4, "segment_means_seq_len": 8},
                      lambda torch: {"input_ids": _ids(torch, 2, 8)}),
    "roformer": ("RoFormerModel", "RoFormerConfig", _TEXT, masked),
    "mpnet": ("MPNetModel", "MPNetConfig", _TEXT, masked),
    "squeezebert": ("SqueezeBertModel", "SqueezeBertConfig",
                    _TEXT | {"intermediate_size": 64, "embedding_size": 32},
                    masked),
    "gpt2": ("GPT2LMHeadModel", "GPT2Config",
             {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4,
              "n_positions": 64}, text),
    "gpt2-uncached": ("GPT2Model", "GPT2Config",
                      {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4,
                       "n_positions": 64}, uncached),
    "gpt2-decode": ("GPT2LMHeadModel", "GPT2Config",
                    {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4,
                     "n_positions": 64}, decode(left_padded)),
    "gpt2-empty-cache": ("GPT2LMHeadModel", "GPT2Config",
                         {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4,
                          "n_positions": 64}, empty_cache),
    "gpt-neox": ("GPTNeoXForCausalLM", "GPTNeoXConfig", _TEXT, masked),
    "opt": ("OPTForCausalLM", "OPTConfig",
            {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2,
             "num_attention_heads": 4, "ffn_dim": 37, "word_embed_proj_dim": 32,
             "max_position_embeddings": 64}, masked),
    "bloom": ("BloomForCausalLM", "BloomConfig",
              {"vocab_size": 99, "hidden_size": 32, "n_layer": 2, "n_head": 4}, masked),
    "falcon": ("FalconForCausalLM", "FalconConfig",
               {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2,
                "num_attention_heads": 4}, masked),
    "llama": ("LlamaForCausalLM", "LlamaConfig", _DECODER, left_padded),
    "llama-eager": ("LlamaForCausalLM", "LlamaConfig",
                    _DECODER | {"attn_implementation": "eager"}, everything),
    "llama-uncached": ("LlamaModel", "LlamaConfig", _DECODER, uncached),
    "llama-decode": ("LlamaForCausalLM", "LlamaConfig", _DECODER,
                     decode(left_padded)),
    "llama-bfloat16": ("LlamaForCausalLM", "LlamaConfig",
                       _DECODER | {"dtype": "bfloat16"}, uncached),
    "mistral": ("MistralForCausalLM", "MistralConfig",
                _DECODER | {"sliding_window": 4}, masked),
    "mistral-decode": ("MistralForCausalLM", "MistralConfig",
                       _DECODER | {"sliding_window": 4}, decode(text)),
    "qwen2": ("Qwen2ForCausalLM", "Qwen2Config", _DECODER, masked),
    "qwen3": ("Qwen3ForCausalLM", "Qwen3Config", _DECODER | {"head_dim": 8}, masked),
    "gemma": ("GemmaForCausalLM", "GemmaConfig", _DECODER | {"head_dim": 8}, masked),
    "gemma2": ("Gemma2ForCausalLM", "Gemma2Config",
               _DECODER | {"head_dim": 8, "sliding_window": 4}, uncached),
    "gemma3": ("Gemma3ForCausalLM", "Gemma3TextConfig",
               _DECODER | {"head_dim": 8, "sliding_window": 4}, uncached),
    "phi": ("PhiForCausalLM", "PhiConfig", _DECODER, masked),
    "phi3": ("Phi3ForCausalLM", "Phi3Config", _DECODER, masked),
    "stablelm": ("StableLmForCausalLM", "StableLmConfig", _DECODER, masked),
    "cohere": ("CohereForCausalLM", "CohereConfig", _DECODER, masked),
    "olmo2": ("Olmo2ForCausalLM", "Olmo2Config", _DECODER, masked),
    "granite": ("GraniteForCausalLM", "GraniteConfig", _DECODER, masked),
    "gpt-bigcode": ("GPTBigCodeForCausalLM", "GPTBigCodeConfig",
                    {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4,
                     "n_positions": 64}, masked),
    "mixtral": ("MixtralForCausalLM", "MixtralConfig",
                _DECODER | {"intermediate_size": 32, "num_local_experts": 4,
                            "num_experts_per_tok": 2}, masked),
    "qwen2-moe": ("Qwen2MoeForCausalLM", "Qwen2MoeConfig",
                  _DECODER | _MOE | {"shared_expert_intermediate_size": 16}, masked),
    "deepseek-v3": ("DeepseekV3ForCausalLM", "DeepseekV3Config",
                    _DECODER | {"num_key_value_heads": 4, "n_routed_experts": 4,
                                "num_experts_per_tok": 2, "n_group": 2,
                                "topk_group": 1, "moe_intermediate_size": 16,
                                "q_lora_rank": 16, "kv_lora_rank": 8,
                                "qk_rope_head_dim": 4, "qk_nope_head_dim": 8,
                                "v_head_dim": 8, "first_k_dense_replace": 1}, masked),
    "gpt-oss": ("GptOssForCausalLM", "GptOssConfig",
                _DECODER | {"intermediate_size": 32, "num_local_experts": 4,
                            "num_experts_per_tok": 2, "head_dim": 8,
                            "sliding_window": 4}, masked),
    "mamba": ("MambaForCausalLM", "MambaConfig",
              {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2,
               "state_size": 4}, text),
    "mamba2": ("Mamba2ForCausalLM", "Mamba2Config",
               {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2,
                "state_size": 8, "num_heads": 8, "head_dim": 8, "n_groups": 2,
                "chunk_size": 4}, text),
    "rwkv": ("RwkvForCausalLM", "RwkvConfig",
             {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2}, text),
    "recurrent-gemma": ("RecurrentGemmaForCausalLM", "RecurrentGemmaConfig",
                        _DECODER | {"num_hidden_layers": 3, "lru_width": 32,
                                    "attention_window_size": 4}, text),
    "t5": ("T5ForConditionalGeneration", "T5Config",
           {"vocab_size": 99, "d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 2,
            "num_heads": 4, "decoder_start_token_id": 0}, encoder_decoder),
    "t5-encoder": ("T5EncoderModel", "T5Config",
                   {"vocab_size": 99, "d_model": 32, "d_kv": 8, "d_ff": 37,
                    "num_layers": 2, "num_heads": 4}, masked),
    "bart": ("BartForConditionalGeneration", "BartConfig", _ENCODER_DECODER,
             encoder_decoder),
    "pegasus": ("PegasusForConditionalGeneration", "PegasusConfig",
                _ENCODER_DECODER, encoder_decoder),
    "marian": ("MarianMTModel", "MarianConfig", _ENCODER_DECODER, encoder_decoder),
    "led": ("LEDModel", "LEDConfig",
            {k: v for k, v in _ENCODER_DECODER.items()
             if k != "max_position_embeddings"} | {"attention_window": 4},
            encoder_decoder),
    "prophetnet": ("ProphetNetModel", "ProphetNetConfig",
                   {"vocab_size": 99, "hidden_size": 32, "num_encoder_layers": 2,
                    "num_decoder_layers": 2, "num_encoder_attention_heads": 4,
                    "num_decoder_attention_heads": 4, "encoder_ffn_dim": 37,
                    "decoder_ffn_dim": 37}, encoder_decoder),
    "whisper": ("WhisperForConditionalGeneration", "WhisperConfig",
                {k: v for k, v in _ENCODER_DECODER.items()
                 if k != "max_position_embeddings"}
                | {"num_mel_bins": 8, "max_source_positions": 30,
                   "max_target_positions": 40},
                lambda torch: {"input_features": torch.rand(1, 8, 60),
                               "decoder_input_ids": _ids(torch, 1, 5)}),
    "wav2vec2": ("Wav2Vec2ForCTC", "Wav2Vec2Config", _WAVE, wave),
    "wav2vec2-masked": (
        "Wav2Vec2Model", "Wav2Vec2Config", _WAVE,
        lambda torch: wave(torch) | {
            "attention_mask": torch.cat([torch.ones(2, 600), torch.zeros(2, 200)],
                                        1).long()}),
    "hubert": ("HubertModel", "HubertConfig", _WAVE, wave),
    "wavlm": ("WavLMModel", "WavLMConfig", _WAVE, wave),
    "audio-spectrogram": ("ASTModel", "ASTConfig",
                          {k: v for k, v in _VISION.items() if k != "image_size"}
                          | {"max_length": 32, "num_mel_bins": 16,
                             "frequency_stride": 8, "time_stride": 8},
                          lambda torch: {"input_values": torch.rand(1, 32, 16)}),
    "encodec": ("EncodecModel", "EncodecConfig",
                {"num_filters": 4, "hidden_size": 16, "codebook_size": 16,
                 "codebook_dim": 16, "upsampling_ratios": [4, 2],
                 "num_lstm_layers": 1},
                lambda torch: {"input_values": torch.rand(1, 1, 640)}),
    "vit": ("ViTForImageClassification", "ViTConfig", _VISION, image),
    "vit-masked": ("ViTForMaskedImageModeling", "ViTConfig",
                   _VISION | {"encoder_stride": 8}, masked_patches),
    "deit": ("DeiTForImageClassificationWithTeacher", "DeiTConfig", _VISION, image),
    "beit": ("BeitModel", "BeitConfig",
             _VISION | {"use_relative_position_bias": True, "use_mask_token": True},
             masked_patches),
    "dinov2": ("Dinov2Model", "Dinov2Config", _VISION, image),
    "swin": ("SwinModel", "SwinConfig",
             {"image_size": 32, "patch_size": 2, "embed_dim": 16, "depths": [1, 2],
              "num_heads": [2, 2], "window_size": 4}, image),
    "swinv2": ("Swinv2Model", "Swinv2Config",
               {"image_size": 32, "patch_size": 2, "embed_dim": 16, "depths": [1, 2],
                "num_heads": [2, 2], "window_size": 4}, image),
    "convnext": ("ConvNextForImageClassification", "ConvNextConfig",
                 {"hidden_sizes": [8, 16], "depths": [1, 2], "num_stages": 2}, image),
    "resnet": ("ResNetForImageClassification", "ResNetConfig",
               {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 2]}, image),
    "mobilevit": ("MobileViTModel", "MobileViTConfig",
                  {"image_size": 64, "hidden_sizes": [16, 24, 32],
                   "neck_hidden_sizes": [8, 8, 8, 8, 8, 8, 32],
                   "num_attention_heads": 4}, large_image),
    "levit": ("LevitModel", "LevitConfig", {"image_size": 64}, large_image),
    "poolformer": ("PoolFormerModel", "PoolFormerConfig",
                   {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1]},
                   large_image),
    "segformer": ("SegformerForSemanticSegmentation", "SegformerConfig",
                  {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1],
                   "num_attention_heads": [1, 1, 2, 2], "decoder_hidden_size": 16},
                  large_image),
    "dpt": ("DPTForDepthEstimation", "DPTConfig",
            _VISION | {"num_hidden_layers": 4, "backbone_out_indices": [0, 1, 2, 3],
                       "is_hybrid": False, "neck_hidden_sizes": [8, 8, 8, 8],
                       "reassemble_factors": [4, 2, 1, 0.5], "fusion_hidden_size": 8},
            image),
    "vit-mae": ("ViTMAEForPreTraining", "ViTMAEConfig",
                _VISION | {"decoder_hidden_size": 16, "decoder_num_hidden_layers": 1,
                           "decoder_num_attention_heads": 4,
                           "decoder_intermediate_size": 37},
                lambda torch: image(torch) | {"noise": torch.rand(2, 16)}),
    "videomae": ("VideoMAEModel", "VideoMAEConfig",
                 _VISION | {"num_frames": 4, "tubelet_size": 2},
                 lambda torch: {"pixel_values": torch.rand(1, 4, 3, 32, 32)}),
    "timesformer": ("TimesformerModel", "TimesformerConfig",
                    _VISION | {"num_frames": 2},
                    lambda torch: {"pixel_values": torch.rand(1, 2, 3, 32, 32)}),
    "detr": ("DetrForObjectDetection", "DetrConfig", _detr_options,
             lambda torch: {"pixel_values": torch.rand(1, 3, 64, 64)}),
    "yolos": ("YolosForObjectDetection", "YolosConfig",
              _VISION | {"image_size": [32, 32], "num_detection_tokens": 5}, image),
    "deformable-detr": ("DeformableDetrForObjectDetection", "DeformableDetrConfig",
                        _deformable_detr_options,
                        lambda torch: {"pixel_values": torch.rand(1, 3, 128, 128)}),
    "rt-detr": ("RTDetrForObjectDetection", "RTDetrConfig", _rt_detr_options,
                large_image),
    "mask2former": ("Mask2FormerModel", "Mask2FormerConfig", _mask2former_options,
                    large_image),
    "clip": ("CLIPModel", "CLIPConfig", _clip_options, image_and_text),
    "siglip": ("SiglipModel", "SiglipConfig", _siglip_options, image_and_text),
    "blip": ("BlipForConditionalGeneration", "BlipConfig", _blip_options,
             image_and_text),
    "layoutlm": ("LayoutLMModel", "LayoutLMConfig", _TEXT,
                 lambda torch: masked(torch, bbox=torch.randint(0, 500, (2, 7, 4))
                                      .sort(-1).values)),
    "time-series": ("PatchTSTModel", "PatchTSTConfig",
                    {"num_input_channels": 2, "context_length": 32, "patch_length": 8,
                     "patch_stride": 8, "d_model": 16, "num_hidden_layers": 2,
                     "num_attention_heads": 4, "ffn_dim": 16},
                    lambda torch: {"past_values": torch.rand(2, 32, 2)}),
}


# -- Models that are made in other ways: functions that return (model, inputs).


def _sam(transformers, torch):
    config = transformers.SamConfig(
        vision_config=_VISION | {
            "image_size": 64, "output_channels": 16, "num_pos_feats": 8,
            "global_attn_indexes": [1], "window_size": 2, "mlp_dim": 37},
        prompt_encoder_config={"hidden_size": 16, "image_size": 64, "patch_size": 8,
                               "mask_input_channels": 8},
        mask_decoder_config={"hidden_size": 16, "mlp_dim": 37, "num_hidden_layers": 2,
                             "num_attention_heads": 4, "iou_head_hidden_dim": 16})
    return transformers.SamModel(config), large_image(torch) | {
        "input_points": torch.tensor([[[[10.0, 20.0]]]]),
        "input_labels": torch.tensor([[[1]]])}


def _perceiver(transformers, torch):
    config = transformers.PerceiverConfig(
        num_latents=8, d_latents=32, d_model=32, num_blocks=1,
        num_self_attends_per_block=2, num_self_attention_heads=4,
        num_cross_attention_heads=4, vocab_size=99, max_position_embeddings=16)
    return transformers.PerceiverForMaskedLM(config), {"inputs": _ids(torch, 2, 16)}


def _vilt(transformers, torch):
    config = transformers.ViltConfig(**_TEXT | _VISION)
    return transformers.ViltModel(config), image_and_text(torch) | {
        "pixel_mask": torch.ones(2, 32, 32, dtype=torch.int64)}


def _vits(transformers, torch):
    config = transformers.VitsConfig(
        vocab_size=99, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        ffn_dim=37, flow_size=16, spectrogram_bins=9,
        posterior_encoder_num_wavenet_layers=2, upsample_initial_channel=16,
        upsample_rates=[4, 4], upsample_kernel_sizes=[8, 8],
        resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1, 3]],
        use_stochastic_duration_prediction=False, prior_encoder_num_flows=2,
        duration_predictor_filter_channels=16, prior_encoder_num_wavenet_layers=2)
    return transformers.VitsModel(config), text(torch)


def _llava(transformers, torch):
    config = transformers.LlavaConfig(
        text_config=transformers.LlamaConfig(**_DECODER),
        vision_config=transformers.CLIPVisionConfig(**_VISION),
        image_token_index=98, vision_feature_layer=-1)
    ids = torch.randint(3, 90, (1, 24))
    ids[:, 2:18] = 98
    return transformers.LlavaForConditionalGeneration(config), {
        "input_ids": ids, "pixel_values": torch.rand(1, 3, 32, 32)}


def _encoder_decoder(transformers, torch):
    encoder = transformers.BertConfig(**_TEXT)
    decoder = transformers.BertConfig(
        **_TEXT, is_decoder=True, add_cross_attention=True)
    return transformers.EncoderDecoderModel(
        encoder=transformers.BertModel(encoder),
        decoder=transformers.BertLMHeadModel(decoder)), encoder_decoder(torch)


def _generate(transformers, torch):
    """Several steps of generation, as one model."""
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**_DECODER)).eval()
    generate = functools.partial(model.generate, max_new_tokens=4, do_sample=False)
    return generate, masked(torch)


SPECIAL = {
    "encoder-decoder": _encoder_decoder,
    "llama-generate": _generate,
    "llava": _llava,
    "perceiver": _perceiver,
    "sam": _sam,
    "vilt": _vilt,
    "vits": _vits,
}


def names():
    return sorted([*MODELS, *SPECIAL])


def make(name):
    """Returns (model, args, kwargs)."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    if name in SPECIAL:
        model, inputs = SPECIAL[name](transformers, torch)
        return (model.eval() if hasattr(model, "eval") else model), (), inputs
    model_class, config_class, options, inputs = MODELS[name]
    options = dict(options(transformers) if callable(options) else options)
    dtype = options.pop("dtype", "float32")
    attention = options.pop("attn_implementation", None)
    config = getattr(transformers, config_class)(**options)
    if attention:
        config._attn_implementation = attention
    model = getattr(transformers, model_class)(config).eval()
    model = model.to(getattr(torch, dtype))
    with torch.no_grad():
        return model, (), inputs(torch, model) if inputs in _STEPS else inputs(torch)
