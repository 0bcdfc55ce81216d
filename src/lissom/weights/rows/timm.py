"""timm's checkpoints: files, input and normalisation as its own configurations state them.

Their table of accuracies is not part of the package, so no top-1 stands here. The files of older releases carry the
first digits of their SHA-256 in their names; those on the hub (`HUB`) do not. Left out: networks that only share a name
with ours, legacy_seresnet18 and 34, whose basic blocks have an activation before the squeeze-and-excitation.
"""

from collections.abc import Mapping
from typing import Any

from lissom.weights.checkpoint import HALF, IMAGENET, UNIT, Checkpoint, Norm

RW = "https://github.com/rwightman/pytorch-image-models/releases/download/"
HF = "https://github.com/huggingface/pytorch-image-models/releases/download/"
GLUON = "https://github.com/rwightman/pytorch-pretrained-gluonresnet/releases/download/"
HUB = "https://huggingface.co/"


def numerics(name: str) -> dict[str, Any]:
    """Batch norm's eps and the padding of the network that timm calls so: `tf_` is from TensorFlow, and keeps its."""
    return {"eps": 1e-3, "padding": "same"} if name.startswith("tf_") else {"eps": 1e-5}


def _row(
    name: str,
    network: str,
    options: Mapping[str, Any],
    folder: str,
    file: str,
    resolution: int,
    crop: float,
    norm: Norm,
    interpolation: str,
) -> Checkpoint:
    """crop: the share of the resized image's side that is cut out."""
    return Checkpoint(
        name=f"timm/{name}",
        network=network,
        options=options,
        address=f"{folder}{file}/resolve/main/model.safetensors" if folder == HUB else folder + file,
        licence="mobileone-license" if name.startswith("mobileone") else "Apache-2.0",
        resolution=resolution,
        resize=int(resolution / crop),
        norm=norm,
        interpolation=interpolation,
        **numerics(name),
    )


# fmt: off
ROWS = (
    # timm's name, ours, options, folder, file, resolution, crop, mean and std, interpolation
    _row("mobilenetv1_100.ra4_e3600_r224_in1k", "mobilenetv1", {"act": "relu6"},
         HUB, "timm/mobilenetv1_100.ra4_e3600_r224_in1k", 224, 0.875, HALF, "bicubic"),
    _row("mobilenetv1_125.ra4_e3600_r224_in1k", "mobilenetv1", {"act": "relu6", "width": 1.25},
         HUB, "timm/mobilenetv1_125.ra4_e3600_r224_in1k", 224, 0.9, HALF, "bicubic"),
    _row("mobilenetv2_050.lamb_in1k", "mobilenetv2", {"width": 0.5},
         RW, "v0.1-weights/mobilenetv2_050-3d30d450.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("mobilenetv2_100.ra_in1k", "mobilenetv2", {},
         RW, "v0.1-weights/mobilenetv2_100_ra-b33bc2c4.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("mobilenetv2_140.ra_in1k", "mobilenetv2", {"width": 1.4},
         RW, "v0.1-weights/mobilenetv2_140_ra-21a4e913.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("mobilenetv3_large_100.miil_in21k_ft_in1k", "mobilenetv3_large", {},
         RW, "v0.1-tresnet/mobilenetv3_large_100_1k_miil_78_0-66471c13.pth", 224, 0.875, UNIT, "bilinear"),
    _row("mobilenetv3_large_100.ra4_e3600_r224_in1k", "mobilenetv3_large", {},
         HUB, "timm/mobilenetv3_large_100.ra4_e3600_r224_in1k", 224, 0.95, HALF, "bicubic"),
    _row("mobilenetv3_large_100.ra_in1k", "mobilenetv3_large", {},
         RW, "v0.1-weights/mobilenetv3_large_100_ra-f55367f5.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("mobilenetv3_small_075.lamb_in1k", "mobilenetv3_small", {"width": 0.75},
         RW, "v0.1-weights/mobilenetv3_small_075_lambc-384766db.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("mobilenetv3_small_100.lamb_in1k", "mobilenetv3_small", {},
         RW, "v0.1-weights/mobilenetv3_small_100_lamb-266a294c.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("tf_mobilenetv3_large_075.in1k", "mobilenetv3_large", {"width": 0.75},
         RW, "v0.1-weights/tf_mobilenetv3_large_075-150ee8b0.pth", 224, 0.875, HALF, "bilinear"),
    _row("tf_mobilenetv3_large_100.in1k", "mobilenetv3_large", {},
         RW, "v0.1-weights/tf_mobilenetv3_large_100-427764d5.pth", 224, 0.875, HALF, "bilinear"),
    _row("tf_mobilenetv3_large_minimal_100.in1k", "mobilenetv3_large", {"minimalistic": True},
         RW, "v0.1-weights/tf_mobilenetv3_large_minimal_100-8596ae28.pth", 224, 0.875, HALF, "bilinear"),
    _row("tf_mobilenetv3_small_075.in1k", "mobilenetv3_small", {"width": 0.75},
         RW, "v0.1-weights/tf_mobilenetv3_small_075-da427f52.pth", 224, 0.875, HALF, "bilinear"),
    _row("tf_mobilenetv3_small_100.in1k", "mobilenetv3_small", {},
         RW, "v0.1-weights/tf_mobilenetv3_small_100-37f49e2b.pth", 224, 0.875, HALF, "bilinear"),
    _row("tf_mobilenetv3_small_minimal_100.in1k", "mobilenetv3_small", {"minimalistic": True},
         RW, "v0.1-weights/tf_mobilenetv3_small_minimal_100-922a7843.pth", 224, 0.875, HALF, "bilinear"),
    *(
        _row(name, name.partition(".")[0], {}, HUB, f"timm/{name}", resolution, crop, norm, "bicubic")
        for name, resolution, crop, norm in (
            ("mobilenetv4_conv_small.e2400_r224_in1k", 224, 0.875, IMAGENET),
            ("mobilenetv4_conv_small.e1200_r224_in1k", 224, 0.875, IMAGENET),
            ("mobilenetv4_conv_small.e3600_r256_in1k", 256, 0.95, HALF),
            ("mobilenetv4_conv_medium.e500_r256_in1k", 256, 0.95, IMAGENET),
            ("mobilenetv4_conv_medium.e500_r224_in1k", 224, 0.95, IMAGENET),
            ("mobilenetv4_conv_medium.e250_r384_in12k_ft_in1k", 384, 0.95, IMAGENET),
            ("mobilenetv4_conv_large.e600_r384_in1k", 384, 0.95, IMAGENET),
            ("mobilenetv4_conv_large.e500_r256_in1k", 256, 0.95, IMAGENET),
        )
    ),
    _row("mobilenetv4_conv_small_050.e3000_r224_in1k", "mobilenetv4_conv_small", {"width": 0.5},
         HUB, "timm/mobilenetv4_conv_small_050.e3000_r224_in1k", 224, 0.875, HALF, "bicubic"),
    _row("lcnet_050.ra2_in1k", "pp_lcnet", {"width": 0.5},
         RW, "v0.1-weights/lcnet_050-f447553b.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("lcnet_075.ra2_in1k", "pp_lcnet", {"width": 0.75},
         RW, "v0.1-weights/lcnet_075-318cad2c.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("lcnet_100.ra2_in1k", "pp_lcnet", {},
         RW, "v0.1-weights/lcnet_100-a929038c.pth", 224, 0.875, IMAGENET, "bicubic"),
    *(
        _row(f"mobileone_{size}.apple_in1k", f"mobileone_{size}", {}, HUB, f"timm/mobileone_{size}.apple_in1k", 224,
             0.875 if size == "s0" else 0.9, IMAGENET, "bilinear")
        for size in ("s0", "s1", "s2", "s3", "s4")
    ),
    *(
        _row(f"repvit_{size}.dist_{epochs}_in1k", f"repvit_{size}", {"distilled": True}, HUB,
             f"timm/repvit_{size}.dist_{epochs}_in1k", 224, 0.95, IMAGENET, "bicubic")
        for size in ("m0_9", "m1_0", "m1_1", "m1_5")
        for epochs in ("450e", "300e")
    ),
    _row("mobilenetv3_small_050.lamb_in1k", "mobilenetv3_small", {"width": 0.5, "scale_stem": False},
         RW, "v0.1-weights/mobilenetv3_small_050_lambc-4b7bbe87.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("ghostnet_100.in1k", "ghostnet", {},
         HUB, "timm/ghostnet_100.in1k", 224, 0.875, IMAGENET, "bicubic"),
    _row("ghostnetv2_100.in1k", "ghostnetv2", {},
         HUB, "timm/ghostnetv2_100.in1k", 224, 0.875, IMAGENET, "bicubic"),
    _row("ghostnetv2_130.in1k", "ghostnetv2", {"width": 1.3},
         HUB, "timm/ghostnetv2_130.in1k", 224, 0.875, IMAGENET, "bicubic"),
    _row("ghostnetv2_160.in1k", "ghostnetv2", {"width": 1.6},
         HUB, "timm/ghostnetv2_160.in1k", 224, 0.875, IMAGENET, "bicubic"),
    _row("resnet18.a1_in1k", "resnet18", {},
         HF, "v0.1-rsb-weights/resnet18_a1_0-d63eafa0.pth", 224, 0.95, IMAGENET, "bicubic"),
    _row("resnet34.a1_in1k", "resnet34", {},
         HF, "v0.1-rsb-weights/resnet34_a1_0-46f8f793.pth", 224, 0.95, IMAGENET, "bicubic"),
    _row("resnet50.a1_in1k", "resnet50", {},
         RW, "v0.1-rsb-weights/resnet50_a1_0-14fe96d1.pth", 224, 0.95, IMAGENET, "bicubic"),
    _row("resnet101.a1_in1k", "resnet101", {},
         HF, "v0.1-rsb-weights/resnet101_a1_0-cdcb52a9.pth", 224, 0.95, IMAGENET, "bicubic"),
    _row("resnet152.a1_in1k", "resnet152", {},
         HF, "v0.1-rsb-weights/resnet152_a1_0-2eee8a7a.pth", 224, 0.95, IMAGENET, "bicubic"),
    _row("resnext50_32x4d.a1_in1k", "resnext50_32x4d", {},
         HF, "v0.1-rsb-weights/resnext50_32x4d_a1_0-b5a91a1d.pth", 224, 0.95, IMAGENET, "bicubic"),
    _row("seresnet50.a1_in1k", "se_resnet50", {},
         HF, "v0.1-rsb-weights/seresnet50_a1_0-ffa00869.pth", 224, 0.95, IMAGENET, "bicubic"),
    _row("seresnet50.a2_in1k", "se_resnet50", {},
         HF, "v0.1-rsb-weights/seresnet50_a2_0-850de0d9.pth", 224, 0.95, IMAGENET, "bicubic"),
    _row("seresnet50.a3_in1k", "se_resnet50", {},
         HF, "v0.1-rsb-weights/seresnet50_a3_0-317ecd56.pth", 160, 0.95, IMAGENET, "bicubic"),
    _row("seresnet50.ra2_in1k", "se_resnet50", {},
         RW, "v0.1-weights/seresnet50_ra_224-8efdb4bb.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("seresnext50_32x4d.gluon_in1k", "se_resnext50_32x4d", {},
         GLUON, "v0.1/gluon_seresnext50_32x4d-90cf2d6e.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("seresnext50_32x4d.racm_in1k", "se_resnext50_32x4d", {},
         RW, "v0.1-weights/seresnext50_32x4d_racm-a304a460.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("seresnext101_32x4d.gluon_in1k", "se_resnext101_32x4d", {},
         GLUON, "v0.1/gluon_seresnext101_32x4d-cf52900d.pth", 224, 0.875, IMAGENET, "bicubic"),
    _row("legacy_seresnet50.in1k", "se_resnet50", {"stem": "authors", "stride_in": "1x1"},
         RW, "v0.1-cadene/se_resnet50-ce0d4300.pth", 224, 0.875, IMAGENET, "bilinear"),
    _row("legacy_seresnet101.in1k", "se_resnet101", {"stem": "authors", "stride_in": "1x1"},
         RW, "v0.1-cadene/se_resnet101-7e38fcc6.pth", 224, 0.875, IMAGENET, "bilinear"),
    _row("legacy_seresnet152.in1k", "se_resnet152", {"stem": "authors", "stride_in": "1x1"},
         RW, "v0.1-cadene/se_resnet152-d17c99b7.pth", 224, 0.875, IMAGENET, "bilinear"),
    _row("legacy_seresnext50_32x4d.in1k", "se_resnext50_32x4d", {"stem": "authors"},
         RW, "v0.1-weights/legacy_se_resnext50_32x4d-f3651bad.pth", 224, 0.875, IMAGENET, "bilinear"),
    _row("legacy_seresnext101_32x4d.in1k", "se_resnext101_32x4d", {"stem": "authors"},
         RW, "v0.1-weights/legacy_se_resnext101_32x4d-37725eac.pth", 224, 0.875, IMAGENET, "bilinear"),
)
# fmt: on
