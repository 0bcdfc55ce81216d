"""Top-1 of timm's checkpoints on ImageNet at 224 pixels, in percent, from the table of results beside its code."""

REPORTER = "timm's table of results"
RESULTS = {
    "timm/mobilenetv1_100.ra4_e3600_r224_in1k": 75.4,
    "timm/mobilenetv2_100.ra_in1k": 72.9,
    "timm/mobilenetv3_large_100.ra4_e3600_r224_in1k": 76.3,
    "timm/ghostnet_100.in1k": 74.0,
    "timm/mobilenetv4_conv_small.e2400_r224_in1k": 73.8,
    "timm/mobilenetv4_conv_small.e1200_r224_in1k": 73.5,
    "timm/lcnet_100.ra2_in1k": 72.1,
    "timm/repvit_m0_9.dist_300e_in1k": 78.7,
}
