"""Calls of MLflow's REST API, in the order in which they are made of both servers.

A step is (name, verb, path, body, options). In paths and bodies "$x" stands for what an earlier step
kept with keep={"x": path}, where a path is keys and indexes joined by dots. Options:
  keep      names for parts of the answer
  differs   the answers may differ, for this reason (docs/mlflow.md)
  only      compare only these parts of the answer
"""

API = "/api/2.0/mlflow"


def metric(key, value, step=0, timestamp=1000):
    return {"key": key, "value": value, "step": step, "timestamp": timestamp}


def experiments():
    e = f"{API}/experiments"
    yield "create", "POST", f"{e}/create", {"name": "first"}, {"keep": {"e": "experiment_id"}}
    yield "create the same", "POST", f"{e}/create", {"name": "first"}, {}
    yield "create without a name", "POST", f"{e}/create", {}, {}
    yield "create with an empty name", "POST", f"{e}/create", {"name": ""}, {}
    yield "create with a number", "POST", f"{e}/create", {"name": 7}, {}
    yield "create with tags", "POST", f"{e}/create", {
        "name": "tagged ünï", "tags": [{"key": "team", "value": "crm"}]}, {"keep": {"t": "experiment_id"}}
    yield "create with no place", "POST", f"{e}/create", {"name": "no place", "artifact_location": ""}, {}
    for place in ("runs:/x", "file:///a#b", "s3://bucket/a?x=../b"):
        yield f"create at {place}", "POST", f"{e}/create", {"name": place, "artifact_location": place}, {
            "only": "error_code"}
    yield "get", "GET", f"{e}/get", {"experiment_id": "$e"}, {"only": "experiment"}
    yield "get by name", "GET", f"{e}/get-by-name", {"experiment_name": "tagged ünï"}, {}
    yield "get none", "GET", f"{e}/get", {"experiment_id": "999"}, {}
    yield "get a word", "GET", f"{e}/get", {"experiment_id": "abc"}, {}
    yield "get without an id", "GET", f"{e}/get", {}, {}
    yield "get no name", "GET", f"{e}/get-by-name", {"experiment_name": "none"}, {}
    yield "set a tag", "POST", f"{e}/set-experiment-tag", {
        "experiment_id": "$e", "key": "a", "value": "b"}, {}
    yield "a tag of none", "POST", f"{e}/set-experiment-tag", {
        "experiment_id": "999", "key": "a", "value": "b"}, {}
    yield "search", "POST", f"{e}/search", {"max_results": 10, "order_by": ["name ASC"]}, {}
    yield "search by GET", "GET", f"{e}/search", {"max_results": 10}, {"only": "experiments.0.name"}
    yield "search without a size", "POST", f"{e}/search", {}, {}
    yield "search by name", "POST", f"{e}/search", {"max_results": 5, "filter": "name = 'first'"}, {}
    yield "search by pattern", "POST", f"{e}/search", {"max_results": 5, "filter": "name LIKE 'tag%'"}, {}
    yield "search by tag", "POST", f"{e}/search", {"max_results": 5, "filter": "tags.team = 'crm'"}, {}
    yield "search by nonsense", "POST", f"{e}/search", {"max_results": 5, "filter": "name = "}, {}
    yield "pages", "POST", f"{e}/search", {"max_results": 1, "order_by": ["name DESC"]}, {
        "keep": {"page": "next_page_token"}, "only": "experiments"}
    yield "the next page", "POST", f"{e}/search", {
        "max_results": 1, "order_by": ["name DESC"], "page_token": "$page"}, {"only": "experiments"}
    yield "rename", "POST", f"{e}/update", {"experiment_id": "$t", "new_name": "renamed"}, {}
    yield "rename to a taken name", "POST", f"{e}/update", {
        "experiment_id": "$t", "new_name": "first"}, {}
    yield "delete", "POST", f"{e}/delete", {"experiment_id": "$t"}, {}
    yield "delete again", "POST", f"{e}/delete", {"experiment_id": "$t"}, {}
    yield "get the deleted", "GET", f"{e}/get", {"experiment_id": "$t"}, {}
    yield "a run of the deleted", "POST", f"{API}/runs/create", {"experiment_id": "$t"}, {}
    yield "restore", "POST", f"{e}/restore", {"experiment_id": "$t"}, {}
    yield "restore the active", "POST", f"{e}/restore", {"experiment_id": "$t"}, {}
    yield "create elsewhere", "POST", f"{e}/create", {"name": "else", "artifact_location": "s3://bucket/a"}, {
        "differs": "the server keeps the files of experiments itself"}


def runs():
    r = f"{API}/runs"
    made = {"keep": {"r": "run.info.run_id"}}
    yield "create", "POST", f"{r}/create", {
        "experiment_id": "$e", "run_name": "one", "start_time": 1234, "user_id": "ada",
        "tags": [{"key": "mlflow.source.name", "value": "train.py"}]}, made
    yield "create without an experiment", "POST", f"{r}/create", {}, {
        "differs": "MLflow tells the error of its database"}
    yield "create in none", "POST", f"{r}/create", {"experiment_id": "999"}, {}
    yield "names that differ", "POST", f"{r}/create", {
        "experiment_id": "$e", "run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]}, {}
    yield "get", "GET", f"{r}/get", {"run_id": "$r"}, {}
    yield "get by run_uuid", "GET", f"{r}/get", {"run_uuid": "$r"}, {}
    yield "get none", "GET", f"{r}/get", {"run_id": "0" * 32}, {}
    yield "get without an id", "GET", f"{r}/get", {}, {}
    yield "log a metric", "POST", f"{r}/log-metric", {"run_id": "$r", **metric("loss", 0.5, 1)}, {}
    yield "numbers as texts", "POST", f"{r}/log-metric", {
        "run_id": "$r", "key": "loss", "value": "0.25", "step": "2", "timestamp": "2000"}, {}
    yield "not a number", "POST", f"{r}/log-metric", {"run_id": "$r", **metric("odd", "NaN")}, {}
    yield "a metric without a value", "POST", f"{r}/log-metric", {
        "run_id": "$r", "key": "x", "timestamp": 1}, {}
    yield "a metric of a bad name", "POST", f"{r}/log-metric", {"run_id": "$r", **metric("a!b", 1)}, {}
    yield "a metric with a word", "POST", f"{r}/log-metric", {"run_id": "$r", **metric("x", "word")}, {}
    yield "a metric of no run", "POST", f"{r}/log-metric", {"run_id": "0" * 32, **metric("x", 1)}, {}
    yield "a parameter", "POST", f"{r}/log-parameter", {"run_id": "$r", "key": "k", "value": "4"}, {}
    yield "the same again", "POST", f"{r}/log-parameter", {"run_id": "$r", "key": "k", "value": "4"}, {}
    yield "another value", "POST", f"{r}/log-parameter", {"run_id": "$r", "key": "k", "value": "5"}, {}
    yield "an empty value", "POST", f"{r}/log-parameter", {"run_id": "$r", "key": "none", "value": ""}, {}
    yield "a number for a text", "POST", f"{r}/set-tag", {"run_id": "$r", "key": "a", "value": 5}, {}
    yield "a tag", "POST", f"{r}/set-tag", {"run_id": "$r", "key": "a", "value": "b"}, {}
    yield "the name by a tag", "POST", f"{r}/set-tag", {
        "run_id": "$r", "key": "mlflow.runName", "value": "two"}, {}
    yield "delete a tag", "POST", f"{r}/delete-tag", {"run_id": "$r", "key": "a"}, {}
    yield "delete no tag", "POST", f"{r}/delete-tag", {"run_id": "$r", "key": "fakeTag"}, {}
    yield "a batch", "POST", f"{r}/log-batch", {
        "run_id": "$r", "metrics": [metric("acc", i / 10, i, 100 + i) for i in range(10)],
        "params": [{"key": "depth", "value": "3"}], "tags": [{"key": "lang", "value": "C++"}]}, {}
    yield "a data set", "POST", f"{r}/log-inputs", {"run_id": "$r", "datasets": [{
        "dataset": {"name": "iris", "digest": "d", "source_type": "local", "source": "s"},
        "tags": [{"key": "mlflow.data.context", "value": "training"}]}]}, {}
    found = "/ajax-api/2.0/mlflow/experiments/search-datasets"
    yield "data sets", "POST", found, {"experiment_ids": ["$e"]}, {}
    yield "data sets of no experiment", "POST", found, {"experiment_ids": []}, {}
    yield "data sets of one that is not there", "POST", found, {"experiment_ids": ["999"]}, {}
    yield "data sets of too many", "POST", found, {"experiment_ids": ["0"] * 21}, {}
    yield "a batch with a parameter twice", "POST", f"{r}/log-batch", {
        "run_id": "$r", "params": [{"key": "p", "value": "1"}, {"key": "p", "value": "1"}]}, {}
    yield "a batch that conflicts", "POST", f"{r}/log-batch", {
        "run_id": "$r", "params": [{"key": "new", "value": "1"}, {"key": "k", "value": "9"}]}, {}
    yield "a batch of a bad name", "POST", f"{r}/log-batch", {
        "run_id": "$r", "metrics": [metric("good", 1), metric("a//b", 1)]}, {}
    yield "too many metrics", "POST", f"{r}/log-batch", {
        "run_id": "$r", "metrics": [metric("m", i) for i in range(1001)]}, {}
    yield "after the batches", "GET", f"{r}/get", {"run_id": "$r"}, {}
    yield "history", "GET", f"{API}/metrics/get-history", {
        "run_id": "$r", "metric_key": "acc", "max_results": 100}, {}
    yield "history of nothing", "GET", f"{API}/metrics/get-history", {
        "run_id": "$r", "metric_key": "none", "max_results": 100}, {}
    yield "sampled history", "GET", f"{API}/metrics/get-history-bulk-interval", {
        "run_ids": "$r", "metric_key": "acc", "max_results": 5}, {}
    yield "eleven points", "POST", f"{r}/log-batch", {
        "run_id": "$r", "metrics": [metric("curve", i, step=i - 3) for i in range(11)]}, {}
    for most in (1, 2, 5, 10, 11, 12):
        yield f"{most} of eleven points", "GET", f"{API}/metrics/get-history-bulk-interval", {
            "run_ids": "$r", "metric_key": "curve", "max_results": most}, {}
    yield "a window of them", "GET", f"{API}/metrics/get-history-bulk-interval", {
        "run_ids": "$r", "metric_key": "curve", "start_step": -2, "end_step": 6, "max_results": 4}, {}
    yield "half a window", "GET", f"{API}/metrics/get-history-bulk-interval", {
        "run_ids": "$r", "metric_key": "acc", "start_step": 1}, {}
    bulk = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
    yield "whole histories", "GET", bulk, {"run_id": "$r", "metric_key": "acc"}, {}
    yield "the first points", "GET", bulk, {"run_id": "$r", "metric_key": "acc", "max_results": 3}, {}
    yield "whole histories of nothing", "GET", bulk, {"run_id": "$r", "metric_key": "none"}, {}
    yield "whole histories of none", "GET", bulk, {"run_id": "0" * 32, "metric_key": "acc"}, {}
    yield "whole histories without a run", "GET", bulk, {"metric_key": "acc"}, {}
    yield "finish", "POST", f"{r}/update", {"run_id": "$r", "status": "FINISHED", "end_time": 9999}, {}
    yield "an unknown status", "POST", f"{r}/update", {"run_id": "$r", "status": "DANCING"}, {}
    yield "rename", "POST", f"{r}/update", {"run_id": "$r", "run_name": "three"}, {}
    yield "a metric of a data set", "POST", f"{r}/log-batch", {"run_id": "$r", "metrics": [
        {**metric("acc", 1.0, 10, 110), "dataset_name": "iris", "dataset_digest": "d"}]}, {}
    yield "a parameter after the end", "POST", f"{r}/log-parameter", {
        "run_id": "$r", "key": "late", "value": "1"}, {}
    yield "delete", "POST", f"{r}/delete", {"run_id": "$r"}, {}
    yield "delete again", "POST", f"{r}/delete", {"run_id": "$r"}, {}
    yield "log to the deleted", "POST", f"{r}/log-metric", {"run_id": "$r", **metric("loss", 1)}, {}
    yield "restore", "POST", f"{r}/restore", {"run_id": "$r"}, {}
    yield "delete none", "POST", f"{r}/delete", {"run_id": "0" * 32}, {}


FILTERS = [
    "metrics.loss < 0.5", "metrics.loss > 1", "metrics.`loss` <= 0.25", "params.k = '1'",
    "params.k != '1'", "params.k LIKE '1%'", "params.scaling ILIKE 'STAND%'", "tags.group = 'a'",
    "tags.mlflow.runName = 'run 3'", "attributes.status = 'RUNNING'", "status = 'finished'",
    "attributes.run_name = 'run 1'", "run_name LIKE 'run%'", "start_time > 1002",
    "metrics.loss < 0.9 AND params.scaling = 'standard'", "params.none = '1'", "params.none != '1'",
    "metrics.loss = 'a'", "params.k = 1", "metrics.loss <", "loss < 1 OR loss > 2", "lifecycle_stage = 'active'",
    "metrics.loss == 1", "NOT params.k = '1'", "params.\"k\" = '1'", "params.k IN ('1')",
    "metrics.loss < 0.9 AND", "user_id = 'ada'",
    "params.scaling LIKE 'st_nd%'", "params.scaling LIKE 'ST_ND%'", "params.scaling ILIKE '%N_A%'",
    "params.scaling LIKE 'st\\_nd%'", "params.odd LIKE 'a\\_b'", "params.odd ILIKE 'A*%'",
    "params.odd LIKE 'a%*'", "params.odd LIKE 'gr_n'", "params.odd ILIKE 'GRÜN'", "params.odd ILIKE 'GRüN'",
    "tags.group ILIKE 'A'", "tags.group ILIKE '_'", "tags.none ILIKE '%'", "run_name LIKE 'run __'",
    "run_name LIKE 'run _'", "run_name ILIKE 'R_N 3'", "run_name ILIKE '%UN%'", "user_id ILIKE 'A%'",
    "user_id LIKE '_d_'", "status LIKE 'RUN_ING'", "run_id ILIKE '_'",
    "datasets.name = 'iris'", "dataset.name != 'iris'", "datasets.name LIKE 'ir_s'", "datasets.name ILIKE 'IR%'",
    "datasets.name IN ('iris', 'x')", "datasets.name NOT IN ('iris')", "datasets.digest = 'd1'",
    "datasets.digest != 'd1'", "datasets.context = 'training'", "datasets.context != 'training'",
    "datasets.context ILIKE 'TRAIN%' AND params.scaling LIKE 'n_ne'", "datasets.context NOT IN ('eval')",
    "datasets.name = 'wine' AND datasets.context = 'training'", "datasets.source = 'x'", "datasets.name > 'a'",
    "datasets.name = 5", "datasets.name IS NULL", "datasets.name IN ()",
]
ORDERS = [
    ["metrics.loss DESC"], ["metrics.loss ASC"], ["params.k DESC"], ["start_time ASC"],
    ["attributes.start_time DESC"], ["tags.group ASC", "metrics.loss DESC"], ["nonsense.x ASC"],
]


def searches():
    r = f"{API}/runs"
    yield "an experiment", "POST", f"{API}/experiments/create", {"name": "searched"}, {
        "keep": {"s": "experiment_id"}}
    for i in range(6):
        yield f"run {i}", "POST", f"{r}/create", {
            "experiment_id": "$s", "run_name": f"run {i}", "start_time": 1000 + i, "user_id": "ada",
            "tags": [{"key": "group", "value": "ab"[i % 2]}]}, {"keep": {f"s{i}": "run.info.run_id"}}
        yield f"its values {i}", "POST", f"{r}/log-batch", {
            "run_id": f"$s{i}",
            "metrics": [metric("loss", "NaN" if i == 4 else i / 4, 0, 5)] if i != 5 else [],
            "params": [{"key": "k", "value": str(i)}, {"key": "scaling", "value": ["standard", "none"][i % 2]}],
        }, {}
    yield "whole runs", "POST", f"{r}/search", {"experiment_ids": ["$s"], "max_results": 2}, {"only": "runs"}
    for i in range(6):
        sets = [("iris", f"d{i}", "training")][: i % 2] + [("wine", "w", "eval"), ("bare", "b", "")][: i % 3]
        yield f"what it read {i}", "POST", f"{r}/log-inputs", {"run_id": f"$s{i}", "datasets": [{
            "dataset": {"name": name, "digest": digest, "source_type": "local", "source": "s"},
            "tags": [{"key": "mlflow.data.context", "value": use}] if use else []} for name, digest, use in sets]}, {}
    for i, odd in enumerate(["a_b", "a\\_b", "A*c", "a*", "grün"]):
        yield f"an odd value {odd}", "POST", f"{r}/log-parameter", {
            "run_id": f"$s{i}", "key": "odd", "value": odd}, {}
    for text in FILTERS:
        options = {"only": "runs.*.info.run_name"}
        yield f"filter {text}", "POST", f"{r}/search", {
            "experiment_ids": ["$s"], "filter": text, "max_results": 100}, options
    for order in ORDERS:
        yield f"order {order}", "POST", f"{r}/search", {
            "experiment_ids": ["$s"], "order_by": order, "max_results": 100}, {"only": "runs.*.info.run_name"}
    yield "no experiments", "POST", f"{r}/search", {"experiment_ids": []}, {}
    yield "experiments that are not there", "POST", f"{r}/search", {"experiment_ids": ["999"]}, {}
    yield "too many at once", "POST", f"{r}/search", {"experiment_ids": ["$s"], "max_results": 50_001}, {}
    yield "deleted ones", "POST", f"{r}/search", {
        "experiment_ids": ["$e"], "run_view_type": "DELETED_ONLY"}, {}


def deleted_experiments():
    r = f"{API}/runs"
    yield "an experiment", "POST", f"{API}/experiments/create", {"name": "gone"}, {
        "keep": {"g": "experiment_id"}}
    for name in ("kept", "deleted before"):
        yield f"run {name}", "POST", f"{r}/create", {
            "experiment_id": "$g", "run_name": name, "start_time": 1, "user_id": "ada"}, {
                "keep": {"last": "run.info.run_id"}}
    yield "delete a run", "POST", f"{r}/delete", {"run_id": "$last"}, {}
    for what in ("delete", "restore"):
        yield what, "POST", f"{API}/experiments/{what}", {"experiment_id": "$g"}, {}
        for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL"):
            yield f"{view} after {what}", "POST", f"{r}/search", {
                "experiment_ids": ["$g"], "run_view_type": view,
                "order_by": ["run_name"]}, {"only": "runs.*.info"}
        yield f"get after {what}", "GET", f"{r}/get", {"run_id": "$last"}, {
            "only": "run.info.lifecycle_stage"}


IS_PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}


def prompt_version(name, text, source="dummy-source", tags=(), **more):
    text_tag = {"key": "mlflow.prompt.text", "value": text}
    return {"name": name, "source": source, "tags": [IS_PROMPT, text_tag, *tags], **more}


def prompts():
    models, versions = f"{API}/registered-models", f"{API}/model-versions"
    place = "mlflow-artifacts:/0/00000000000000000000000000000000/artifacts"
    # What is not compared of a version: nobody logged it, and here nobody is said to have.
    one = {"only": "model_version"}
    yield "no such prompt", "POST", f"{versions}/create", prompt_version("hello", "x"), {}
    yield "a prompt", "POST", f"{models}/create", {
        "name": "hello", "description": "greets", "tags": [IS_PROMPT]}, {"only": "registered_model"}
    yield "a model", "POST", f"{models}/create", {"name": "no-prompt"}, {"only": "registered_model"}
    yield "a version", "POST", f"{versions}/create", prompt_version(
        "hello", "Hello {{name}}!", tags=[{"key": "language", "value": "en"}],
        description="first"), one
    yield "a long one", "POST", f"{versions}/create", prompt_version(
        "hello", "Bonjour ünd € " * 1500, source="prompt-template"), one
    yield "one without text", "POST", f"{versions}/create", {
        "name": "hello", "source": "dummy-source", "tags": [IS_PROMPT]}, one
    yield "too long", "POST", f"{versions}/create", prompt_version("hello", "x" * 100_001), {}
    for source in (place, "/etc/passwd", "file:///etc", "", "dummy-source/../x", "runs:/x/model"):
        yield f"the source '{source}'", "POST", f"{versions}/create", prompt_version(
            "hello", "x", source=source), {}
    yield "the placeholder without the tag", "POST", f"{versions}/create", {
        "name": "no-prompt", "source": "dummy-source"}, {
            "differs": "a version is its files, and there are none"}
    for number in ("1", "2", "3", "4"):
        yield f"get {number}", "GET", f"{versions}/get", {"name": "hello", "version": number}, one
    yield "where it is", "GET", f"{versions}/get-download-uri", {"name": "hello", "version": "1"}, {}
    yield "an alias", "POST", f"{models}/alias", {
        "name": "hello", "alias": "live", "version": "2"}, {}
    yield "by alias", "GET", f"{models}/alias", {"name": "hello", "alias": "live"}, one
    yield "a tag", "POST", f"{versions}/set-tag", {
        "name": "hello", "version": "1", "key": "tone", "value": "kind"}, {}
    yield "a tag of the prompt", "POST", f"{models}/set-tag", {
        "name": "hello", "key": "team", "value": "crm"}, {}
    for what, filter_text in {
            "models only": "", "prompts": "tags.`mlflow.prompt.is_prompt` = 'true'",
            "no prompts": "tags.`mlflow.prompt.is_prompt` != 'true'"}.items():
        yield f"search for {what}", "GET", f"{models}/search", {"filter": filter_text}, {
            "only": "registered_models.*.name"}
        yield f"versions of {what}", "GET", f"{versions}/search", {
            "filter": f"name = 'hello'{filter_text and ' AND '}{filter_text}"}, {
                "only": "model_versions.*.version", **({} if not filter_text or "!=" in filter_text else {
                    "differs": "a tag that is set is a change of the version"})}
    yield "delete a version", "DELETE", f"{versions}/delete", {"name": "hello", "version": "1"}, {}
    yield "get a deleted one", "GET", f"{versions}/get", {"name": "hello", "version": "1"}, {}
    yield "delete it", "DELETE", f"{models}/delete", {"name": "hello"}, {
        "differs": "no other version ever gets a name that a decision cites"}


JSON_ALWAYS = "an answer below the API's prefix is JSON, also for a route that is none"


def transport():
    yield "no such route", "GET", f"{API}/nothing", None, {"differs": JSON_ALWAYS}
    yield "a wrong verb", "GET", f"{API}/runs/create", None, {"differs": JSON_ALWAYS}
    yield "no content type", "POST", f"{API}/experiments/create", "{}", {"headers": {"Content-Type": "text/plain"}}
    yield "a body that is no JSON", "POST", f"{API}/experiments/create", "{", {}
    yield "another wrong verb", "POST", f"{API}/experiments/get-by-name", None, {
        "differs": JSON_ALWAYS}
    yield "the ajax twin", "GET", "/ajax-api/2.0/mlflow/experiments/get", {"experiment_id": "0"}, {
        "only": "experiment.name"}
    yield "camel case", "GET", f"{API}/experiments/get", {"experimentId": "0"}, {
        "differs": "names of fields are taken in both spellings, in queries as in bodies"}


GROUPS = [experiments, runs, searches, deleted_experiments, prompts, transport]
