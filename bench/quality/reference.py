"""Scores of other programs on given folds of a table.

Reads an order (see order in reference.go) and prints the versions of the
packages and, by model and fold, the score on the rows held out: AUC for two
classes, log loss for more, root mean squared error for values. Settings are
the packages' own but for what is written here.
"""
import importlib
import json
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (HistGradientBoostingClassifier, HistGradientBoostingRegressor,
                              RandomForestClassifier, RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

warnings.filterwarnings("ignore")
order = json.load(open(sys.argv[1]))
table = pd.read_csv(order["file"], sep=order["delimiter"], encoding="utf-8-sig", na_values=["?", ""],
                    keep_default_na=False, skipinitialspace=True, dtype={order["target"]: str})
classes = order["classes"]
values = classes is None
if values:
    y = table[order["target"]].astype(float).to_numpy()
else:
    y = np.array([classes.index(v.strip()) for v in table[order["target"]]])
x = table.drop(columns=[order["target"], *order["drop"]])
x = x.dropna(axis=1, how="all")
text = [c for c in x if not pd.api.types.is_numeric_dtype(x[c])]
for c in text:
    as_number = pd.to_numeric(x[c].str.strip(), errors="coerce")
    if as_number.notna().mean() > 0.99:
        x[c] = as_number
text = [c for c in x if not pd.api.types.is_numeric_dtype(x[c])]
numbers = [c for c in x if c not in text]
x[numbers] = x[numbers].astype(float)
seed = 1


def one_hot(scale):
    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), *([StandardScaler()] if scale else [])), numbers),
        (OneHotEncoder(handle_unknown="ignore", min_frequency=5), text))


def ordinal():
    return make_column_transformer(
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=254,
                        encoded_missing_value=np.nan), text),
        remainder="passthrough")


def boosting():
    kind = HistGradientBoostingRegressor if values else HistGradientBoostingClassifier
    return make_pipeline(ordinal(), kind(categorical_features=list(range(len(text))), random_state=seed))


def lightgbm(rounds, rate):
    import lightgbm
    kind = lightgbm.LGBMRegressor if values else lightgbm.LGBMClassifier
    return kind(n_estimators=rounds, learning_rate=rate, random_state=seed, n_jobs=2, verbose=-1)


def xgboost():
    import xgboost
    kind = xgboost.XGBRegressor if values else xgboost.XGBClassifier
    return kind(enable_categorical=True, tree_method="hist", n_jobs=2, random_state=seed)


def catboost():
    import catboost
    kind = catboost.CatBoostRegressor if values else catboost.CatBoostClassifier
    return kind(random_seed=seed, thread_count=2, verbose=0, cat_features=text, allow_writing_files=False)


models = {
    "dummy": lambda: DummyRegressor() if values else DummyClassifier(),
    "linear": lambda: make_pipeline(one_hot(True), Ridge() if values else LogisticRegression(max_iter=2000)),
    "random forest": lambda: make_pipeline(one_hot(False), (RandomForestRegressor if values else RandomForestClassifier)(
        n_estimators=500, n_jobs=2, random_state=seed)),
    "scikit-learn boosting": boosting,
    "LightGBM": lambda: lightgbm(100, 0.1),
    "XGBoost": xgboost,
    "CatBoost": catboost,
}
packages = {"LightGBM": "lightgbm", "XGBoost": "xgboost", "CatBoost": "catboost"}
versions = {name: importlib.import_module(name).__version__ for name in ["sklearn", "numpy", "pandas"]}
for model, package in packages.items():
    try:
        versions[package] = importlib.import_module(package).__version__
    except ImportError:
        del models[model]

categories = x.copy()
for c in text:
    categories[c] = categories[c].astype("category")
filled = x.copy()
for c in text:
    filled[c] = filled[c].fillna("missing").astype(str)
tables = {"LightGBM": categories, "XGBoost": categories, "CatBoost": filled}

scores = {}
for name, make in models.items():
    t = tables.get(name, x)
    scores[name] = {}
    for fold, held in order["folds"].items():
        inside = np.ones(len(y), bool)
        inside[held] = False
        model = make().fit(t[inside], y[inside])
        if values:
            score = root_mean_squared_error(y[held], model.predict(t.iloc[held]))
        else:
            p = np.zeros((len(held), len(classes)))
            p[:, np.asarray(model.classes_, int)] = model.predict_proba(t.iloc[held])
            if len(classes) == 2:
                score = roc_auc_score(y[held], p[:, 1])
            else:
                score = log_loss(y[held], p, labels=range(len(classes)))
        scores[name][fold] = float(score)
        print(name, fold, round(float(score), 5), file=sys.stderr)
json.dump({"versions": versions, "scores": {"": scores}}, sys.stdout)
