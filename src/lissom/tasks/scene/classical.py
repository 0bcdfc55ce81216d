"""Classical classifiers of single pixels, as honest baselines: they see no neighbours, so that no window leaks.

Support vectors: Melgani, Bruzzone, IEEE TGRS 2004, 42(8), radial kernel, C and gamma by cross-validation. Random
forest: Belgiu, Dragut, ISPRS Journal 2016, 114, 500 trees and the square root of the features at each split. Nearest
neighbours: 5, by Euclidean distance. Bands are standardised on the training pixels first; the forest does not mind.

scikit-learn takes seconds to import, so only those who fit one do: a network's maps pass here too.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lissom.errors import DataError, UsageError, near

FOLDS = 3
COSTS = (1.0, 10.0, 100.0, 1000.0)
GAMMAS = (0.25, 1.0, 4.0)  # times 1 / bands, which is scikit-learn's "scale" for standardised bands
TREES = 500
NEIGHBOURS = 5
AT_ONCE = 1 << 14  # pixels: bounds the distances and votes that are held


class PixelClassifier:
    """One of `CLASSICAL`, for class numbers from 0 to `num_classes` - 1; the same seed and pixels, the same outputs.

    settings: what was chosen by cross-validation, once it is fitted. threads: processor cores, where several help.
    """

    def __init__(self, name: str, *, num_classes: int, seed: int = 0, threads: int = 1) -> None:
        if name not in CLASSICAL:
            raise UsageError("classical-unknown", got=name, near=near(name, CLASSICAL))
        self.name = name
        self.num_classes = num_classes
        self.seed = seed
        self.threads = threads
        self.settings: dict[str, Any] = {}
        self._estimator: Any = None

    def fit(self, pixels: NDArray[np.floating], labels: NDArray[np.int64]) -> "PixelClassifier":
        """Learns from `N bands` and `N` class numbers; classes may be missing, but not all but one.

        Raises: DataError for a single class and for pixels that are not finite.
        """
        if len(np.unique(labels)) < 2:
            raise DataError("classical-one-class", name=self.name, got=len(np.unique(labels)))
        if not np.isfinite(pixels).all():
            raise DataError("classical-not-finite", name=self.name, count=int((~np.isfinite(pixels)).any(1).sum()))
        self._estimator, self.settings = CLASSICAL[self.name](self, pixels, labels)
        self._estimator.fit(pixels, labels)
        return self

    def predict(self, pixels: NDArray[np.floating]) -> NDArray[np.int64]:
        """`... bands` -> `...` class numbers, the most probable ones."""
        return self.proba(pixels).argmax(-1)

    def proba(self, pixels: NDArray[np.floating]) -> NDArray[np.float32]:
        """`... bands` -> `... K`, each sums to 1; 0 for classes without training pixels.

        Votes of trees and of neighbours; of support vectors the softmax of the decision values, which ranks the classes
        as the classifier does and is not calibrated.
        """
        flat = pixels.reshape(-1, pixels.shape[-1])
        out = np.zeros((len(flat), self.num_classes), np.float32)
        for part in _parts(len(flat)):
            out[part, self._estimator.classes_] = _shares(self._estimator, flat[part])
        return out.reshape(*pixels.shape[:-1], self.num_classes)


def _svm(asked: PixelClassifier, pixels: NDArray[Any], labels: NDArray[np.int64]) -> tuple[Any, dict[str, Any]]:
    """C and gamma by stratified folds, over the classes that have a pixel for each; else the middle of the grid."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.svm import SVC

    gammas = [factor / pixels.shape[1] for factor in GAMMAS]
    chosen = {"C": COSTS[2], "gamma": gammas[1]}
    enough = np.isin(labels, np.flatnonzero(np.bincount(labels) >= FOLDS))
    if len(np.unique(labels[enough])) > 1:
        grid = {"svc__C": COSTS, "svc__gamma": gammas}
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=asked.seed)
        search = GridSearchCV(_standardised(SVC()), grid, cv=folds, n_jobs=asked.threads, refit=False)
        best = search.fit(pixels[enough], labels[enough]).best_params_
        chosen = {key.removeprefix("svc__"): value for key, value in best.items()}
    return _standardised(SVC(**chosen, break_ties=True)), chosen  # ties by decision value, as `proba` ranks


def _forest(asked: PixelClassifier, pixels: NDArray[Any], labels: NDArray[np.int64]) -> tuple[Any, dict[str, Any]]:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(TREES, random_state=asked.seed, n_jobs=asked.threads), {"trees": TREES}


def _neighbours(asked: PixelClassifier, pixels: NDArray[Any], labels: NDArray[np.int64]) -> tuple[Any, dict[str, Any]]:
    from sklearn.neighbors import KNeighborsClassifier

    count = min(NEIGHBOURS, len(labels))
    return _standardised(KNeighborsClassifier(count, n_jobs=asked.threads)), {"neighbours": count}


CLASSICAL: dict[str, Callable[..., tuple[Any, dict[str, Any]]]] = {
    "svm": _svm,
    "random_forest": _forest,
    "knn": _neighbours,
}


def _standardised(estimator: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), estimator)


def _shares(estimator: Any, pixels: NDArray[Any]) -> NDArray[Any]:
    """`n classes` of the fitted classes."""
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(pixels)
    values = estimator.decision_function(pixels)
    if values.ndim == 1:  # two classes: one value, above 0 for the second
        values = np.stack([-values, values], 1) / 2
    raised = np.exp(values - values.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def _parts(count: int) -> Iterator[slice]:
    return (slice(start, start + AT_ONCE) for start in range(0, count, AT_ONCE))
