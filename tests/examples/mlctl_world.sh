# What the examples of docs/mlctl.md speak of: run once against a fresh server, in the folder where
# they will run. scripts/run-mlctl-examples copies what it makes for each of them.
printf 'InvoiceNo,StockCode,Quantity\n1,a,2\n2,b,3\n' >sales.csv
mlctl put dataset retail sales.csv
printf '3,a,5\n' >>sales.csv
mlctl put dataset retail sales.csv
printf '4,c,1\n' >>sales.csv
mlctl put dataset retail sales.csv --tag checked=no
mlctl put dataset clean sales.csv --parent dataset:retail@1
mlctl alias set dataset:retail@2 gold

for name in segments scratch trial four five six seven; do mlctl create experiment "$name"; done

echo centroids >model.bin
mkdir -p out model checkpoints
echo report >out/report.html
echo weights >model/weights.bin
echo old >model/old.bin
echo one >checkpoints/1.bin
echo picture >curve.png
cat >score.py <<'SCORE'
#!/bin/sh
echo '{"metric": "accuracy", "value": 0.93}' >"$CAIRN_METRICS"
SCORE
chmod +x score.py
printf '{"key":"loss","value":0.5,"step":1}\n{"key":"loss","value":0.25,"step":2}\n' >metrics.jsonl
printf 'key,value,step\nloss,0.5,1\n' >curve.csv
cat >policy.yaml <<'POLICY'
apiVersion: cairn/v1
kind: PromotionPolicy
metadata: {name: customer-segments}
spec:
  target: {model: customer-segments, channel: production}
  evidence: {trust: reported}
  gates:
    - {id: silhouette-floor, metric: silhouette, pass: ">= 0.1"}
  choose: {order: [{field: version, direction: higher}]}
POLICY
mkdir -p policies
for channel in staging trial; do
  sed "s/production/$channel/; s/name: customer-segments}/name: $channel}/" policy.yaml >policies/$channel.yaml
done
sed 's/0.1/0.05/' policy.yaml | mlctl apply -f -
mlctl apply -f policy.yaml
mlctl apply -f policies/

# The runs that the examples name by the beginnings of their ids, and one for $RUN.
start() { mlctl run start -q --run-id "$1" --experiment "$2" --param k=4 >>.runs; }
start 9f3c2a00000000000000000000000000 segments
start 0a1b0000000000000000000000000000 segments
start 0123456789abcdef0123456789abcdef seven
start 77770000000000000000000000000000 segments
for run in 9f3c2a 0a1b; do
  mlctl log metric $run silhouette=0.35 davies_bouldin=0.9 auc=0.7
  mlctl log artifact $run model model.bin checkpoints
done
mlctl log metric 7777 loss=0.5 auc=0.7 --step 1
mlctl log artifact 7777 model.bin

# What is served comes of a run that ended well.
cairn-pipeline generate --customers 300 --seed 7 --out transactions.csv >/dev/null
cairn-pipeline run --data transactions.csv --out sweep >/dev/null
mlctl put dataset retail-features sweep/features.csv
head -n 200 sweep/features.csv >features.csv
mlctl put dataset retail-features features.csv
cp sweep/model.cairnseg model/
start 5e6e0000000000000000000000000000 segments
mlctl log input 5e6e dataset:retail-features@1
mlctl log metric 5e6e auc=0.8
mlctl log artifact 5e6e model
mlctl run finish 5e6e
for version in 1 2 3 4; do
  mlctl register model customer-segments --run 5e6e --artifact model --metric silhouette=0.3$version
  mlctl promote customer-segments@$version --channel production
done
mlctl alias set customer-segments@2 champion
mlctl promote customer-segments@4 --channel staging
mlctl create model scratch
mlctl register model trial-segments --run 5e6e --artifact model
mlctl archive version trial-segments@1
mlctl token create ada --out token
mlctl token list -o csv | tail -n 1 | grep -oE '[0-9a-f]{16}' | head -n 1 >.token
mlctl role bind group:staff reader experiments/-
mlctl role list -o csv | tail -n 1 | grep -oE 'roleBindings/[^,]*' | head -n 1 | sed 's|.*/||' >.binding
# A consumer that was, and has stopped.
mlctl follow customer-segments#production -o followed --report-as web-1 --exec 'kill -INT $PPID' >/dev/null
printf '#!/bin/sh\ntrue\n' >reload.sh && chmod +x reload.sh
mlctl create view segments '/experiments/1?sort=metrics.silhouette' --title 'best first'
mlctl context set lab --server "$MLCTL_SERVER"
mlctl context set prod --server https://registry.example:50051 --protect

# A folder of MLflow's file store with one run.
mlflow_run=mlruns/1/5eed0123456789abcdef0123456789ab
mkdir -p $mlflow_run/metrics $mlflow_run/params $mlflow_run/tags
printf 'name: churn\nlifecycle_stage: active\n' >mlruns/1/meta.yaml
printf 'status: 3\nstart_time: 1700000000000\nend_time: 1700000060000\nuser_id: ann\n' >$mlflow_run/meta.yaml
printf '1700000000000 0.5 1\n1700000001000 0.25 2\n' >$mlflow_run/metrics/loss
printf 4 >$mlflow_run/params/k
