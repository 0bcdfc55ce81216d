"""The record of photos with boxes."""

from lissom.tasks.detect.facts import DetectFacts
from lissom.tasks.detect.settings import DetectCheckOptions, DetectExportOptions, DetectOptions, DetectTrainConfig
from lissom.training.model_files import ModelFiles
from lissom.training.task import Later, Task

HERE = "lissom.tasks.detect"

TASK = Task(
    name="detect",
    metric="map50_95",
    config=DetectTrainConfig,
    facts=DetectFacts,
    options=DetectOptions,
    check_options=DetectCheckOptions,
    weights=Later(f"{HERE}.initial:weights"),
    resolve_defaults=Later(f"{HERE}.train:resolve_defaults"),
    paths=("data",),
    data_names=("synthetic",),
    fetches=Later(f"{HERE}.initial:fetches"),
    content=Later(f"{HERE}.prepare:content"),
    load=Later(f"{HERE}.prepare:load"),
    decide=Later(f"{HERE}.prepare:decide"),
    inputs=Later(f"{HERE}.prepare:inputs"),
    build=Later(f"{HERE}.network:build"),
    start=Later(f"{HERE}.initial:start"),
    objective=Later(f"{HERE}.train:objective"),
    batches=Later(f"{HERE}.train:batches"),
    begin=Later(f"{HERE}.train:begin"),
    named=Later(f"{HERE}.named:named"),
    predictor=Later(f"{HERE}.predictor:predictor"),
    measure=Later(f"{HERE}.measure:measure"),
    foreign=Later(f"{HERE}.foreign:foreign"),
    proof=Later(f"{HERE}.portable:proof"),
    portable=Later(f"{HERE}.portable:portable"),
    export_options=DetectExportOptions,
    page=Later(f"{HERE}.page:box_page"),
    card=Later(f"{HERE}.page:box_card"),
    curves=("map50_95", "map50"),
    compared=("map50",),
    compare=Later(f"{HERE}.compare:box_verdict"),
    check=Later(f"{HERE}.data.check:check"),
    convert=Later(f"{HERE}.data.convert:convert"),
    demo=Later(f"{HERE}.demo:demo"),
    demo_networks=Later(f"{HERE}.recipes:labels"),
    samples=Later(f"{HERE}.samples:samples"),
    models=ModelFiles(
        recognises=Later(f"{HERE}.rows.reading:is_row_file"),
        report=Later(f"{HERE}.rows.report:report"),
        build=Later(f"{HERE}.network:from_file"),
        resolution=640,
    ),
)
