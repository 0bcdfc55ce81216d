"""Files beside a map that tell a GIS where it lies and what its values mean: a world file, .aux.xml, and a .qml style.

A world file has six lines: a, d, b, e of the transform, and the centre of the first pixel (ESRI). `.aux.xml` is GDAL's
own form (PAM): coordinate system, class names and a raster attribute table, which QGIS, ArcGIS and R read.
"""

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from lissom.atomic import write_atomic
from lissom.errors import DataError, MachineError
from lissom.tasks.scene.data.envi_files import TIFF
from lissom.tasks.scene.data.layers import first_line
from lissom.tasks.scene.data.scene import Colour, Georeference

WORLD = {".png": (".pgw", ".pngw"), ".bmp": (".bpw", ".bmpw"), ".gif": (".gfw", ".gifw")}
ANY_WORLD, PROJECTION, AUX, STYLE = ".wld", ".prj", ".aux.xml", ".qml"
MARK = "<!-- lissom -->"  # a style that a person saved has none, and is kept
FIELDS = (("Value", 0, 5), ("Class", 2, 2), ("Red", 0, 6), ("Green", 0, 7), ("Blue", 0, 8))  # GDAL's types and usages


def companions(path: Path) -> list[Path]:
    """What may be written beside the map `path`."""
    suffix = path.suffix.lower()
    tables = [_aux(path)] if suffix in (*TIFF, ".png") else []
    worlds = [path.with_suffix(WORLD[suffix][0])] if suffix in WORLD else []
    return [*worlds, *tables, path.with_suffix(STYLE)]


def write_companions(
    path: Path, georeference: Georeference | None, names: Mapping[int, str], colours: Mapping[int, Colour]
) -> list[Path]:
    """Writes what belongs beside the map `path` (.tif, .hdr, .png) and returns the files: names of classes, if there
    are any, as .aux.xml; where the map lies as a world file; and for a georeferenced map of classes a .qml, but none
    over a style that somebody else made. What an earlier map of this name had, and this one has not, is removed.
    Raises: MachineError."""
    suffix, content = path.suffix.lower(), {}
    if georeference and suffix in WORLD:
        content[path.with_suffix(WORLD[suffix][0])] = world_lines(georeference)
        content[_aux(path)] = _aux_xml(georeference.crs_wkt, names, colours)
    elif names and suffix in TIFF:
        content[_aux(path)] = _aux_xml("", names, colours)
    if names and colours and georeference and not kept_style(path):
        content[path.with_suffix(STYLE)] = _qml(names, colours)
    for file in companions(path):
        if file not in content and not (file.suffix == STYLE and (kept_style(path) or _shared(path))):
            _remove(file)
    for file, words in content.items():
        write_atomic(file, words)
    return list(content)


def _shared(path: Path) -> bool:
    """Whether another map has the same style, as its name differs in the ending alone."""
    pair_of_envi = (".hdr", ".img")
    own = pair_of_envi if path.suffix.lower() in pair_of_envi else (path.suffix.lower(),)
    return any(path.with_suffix(end).exists() for end in (*TIFF, *pair_of_envi, *WORLD) if end not in own)


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise MachineError("not-writable", path=file, reason=error.strerror or error, size="0") from error


def kept_style(path: Path) -> Path | None:
    """The .qml beside the map `path` that lissom did not write."""
    style = path.with_suffix(STYLE)
    if not style.exists() or MARK.encode() in style.read_bytes():
        return None
    return style


def beside(path: Path) -> Georeference | None:
    """Where a picture lies, by the files beside it. Raises: DataError for a world file that is none."""
    found = {each.name.lower(): each for each in path.parent.iterdir()}
    stem = path.stem.lower()
    worlds = [stem + ending for ending in (*WORLD.get(path.suffix.lower(), ()), ANY_WORLD)]
    world = next((found[name] for name in (*worlds, f"{path.name.lower()}w") if name in found), None)
    crs, transform = _from_aux(found.get(f"{path.name.lower()}{AUX}"))
    if world:
        transform = _from_world(world)
    if transform is None:
        return None
    projection = found.get(stem + PROJECTION)
    return Georeference(crs or (_decoded(projection).strip() if projection else ""), transform)


def world_lines(georeference: Georeference) -> str:
    """The six lines of a world file."""
    a, b, c, d, e, f = georeference.transform
    return "".join(f"{value!r}\n" for value in (a, d, b, e, c + (a + b) / 2, f + (d + e) / 2))


def _from_world(path: Path) -> tuple[float, float, float, float, float, float]:
    words = _decoded(path).replace(",", ".").split()
    try:
        a, d, b, e, x, y = map(float, words)
    except ValueError as error:
        got = " ".join(words[:8]) or "-"
        raise DataError("scene-world-file", path=path, got=got) from error
    if not a * e - b * d:
        raise DataError("scene-world-file", path=path, got=" ".join(words))
    return a, b, x - (a + b) / 2, d, e, y - (d + e) / 2


def _from_aux(path: Path | None) -> tuple[str, tuple[float, float, float, float, float, float] | None]:
    """Coordinate system, empty where it is not told, and transform."""
    if path is None:
        return "", None
    try:
        root = ElementTree.fromstring(path.read_bytes())
        words = (root.findtext("GeoTransform") or "").split(",")
        c, a, b, f, d, e = map(float, words) if len(words) == 6 else [0.0] * 6
    except (ElementTree.ParseError, OSError, ValueError) as error:
        raise DataError("scene-unreadable", path=path, reason=first_line(error)) from error
    return (root.findtext("SRS") or "").strip(), (a, b, c, d, e, f) if a * e - b * d else None


def _decoded(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig", "replace")


def _aux(path: Path) -> Path:
    return path.with_name(path.name + AUX)


def _aux_xml(crs: str, names: Mapping[int, str], colours: Mapping[int, Colour]) -> str:
    place = f"  <SRS>{escape(crs)}</SRS>\n" if crs else ""
    tables = f"{_categories(names)}{_attributes(names, colours)}" if names else ""
    band = f'  <PAMRasterBand band="1">\n{tables}  </PAMRasterBand>\n' if tables else ""
    return f"<PAMDataset>\n{place}{band}</PAMDataset>\n"


def _categories(names: Mapping[int, str]) -> str:
    """GDAL counts them from 0 without a gap; of other ids the table of attributes tells."""
    if min(names) < 0 or max(names) > 255:
        return ""
    lines = "".join(f"      <Category>{escape(names.get(i, ''))}</Category>\n" for i in range(max(names) + 1))
    return f"    <CategoryNames>\n{lines}    </CategoryNames>\n"


def _attributes(names: Mapping[int, str], colours: Mapping[int, Colour]) -> str:
    fields = "".join(
        f'      <FieldDefn index="{i}"><Name>{name}</Name><Type>{kind}</Type><Usage>{usage}</Usage></FieldDefn>\n'
        for i, (name, kind, usage) in enumerate(FIELDS[: 5 if colours else 2])
    )
    rows = "".join(
        f'      <Row index="{i}">' + "".join(f"<F>{escape(str(v))}</F>" for v in (value, name, *colours.get(value, ())))
        + "</Row>\n"
        for i, (value, name) in enumerate(sorted(names.items()))
    )  # fmt: skip
    return f'    <GDALRasterAttributeTable tableType="thematic">\n{fields}{rows}    </GDALRasterAttributeTable>\n'


def _qml(names: Mapping[int, str], colours: Mapping[int, Colour]) -> str:
    """A style of QGIS 3: each value its colour and its name."""
    entries = "".join(
        f'        <paletteEntry value="{value}" label={quoteattr(name)} alpha="255" '
        f'color="#{"".join(f"{part:02x}" for part in colours[value])}"/>\n'
        for value, name in sorted(names.items()) if value in colours
    )  # fmt: skip
    return (
        f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{MARK}\n"
        '<qgis version="3.4.0" styleCategories="AllStyleCategories">\n  <pipe>\n'
        '    <rasterrenderer type="paletted" band="1" opacity="1" alphaBand="-1">\n'
        f"      <colorPalette>\n{entries}      </colorPalette>\n"
        "    </rasterrenderer>\n  </pipe>\n</qgis>\n"
    )
