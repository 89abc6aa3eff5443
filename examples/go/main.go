// From a training run to the model in production, over HTTP with connect-go and generated stubs.
//
// usage: journey [URL]                    (default: http://127.0.0.1:5000)
//
// CAIRN_TOKEN_FILE names a file with a token, for a server that runs with --auth.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"math"
	"net/http"
	"os"
	"strings"

	"connectrpc.com/connect"

	cairn "journey/cairn/v1"
	"journey/cairn/v1/cairnv1connect"
)

const (
	model   = "go-journey"
	channel = "models/" + model + "/channels/production"
	policy  = `
apiVersion: cairn/v1
kind: PromotionPolicy
metadata: {name: ` + model + `}
spec:
  target: {model: ` + model + `, channel: production}
  evidence: {trust: reported}
  gates:
    - {id: silhouette-floor, metric: silhouette, pass: ">= 0.3"}
`
)

// requestID is a new UUID4 for each change, and the same again if that change is repeated.
func requestID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// withToken says who calls, if the server asks.
func withToken() connect.Option {
	token := ""
	if path := os.Getenv("CAIRN_TOKEN_FILE"); path != "" {
		bytes, err := os.ReadFile(path)
		check(err)
		token = strings.TrimSpace(string(bytes))
	}
	return connect.WithInterceptors(connect.UnaryInterceptorFunc(
		func(next connect.UnaryFunc) connect.UnaryFunc {
			return func(ctx context.Context, call connect.AnyRequest) (connect.AnyResponse, error) {
				if token != "" {
					call.Header().Set("Authorization", "Bearer "+token)
				}
				return next(ctx, call)
			}
		}))
}

// check ends the program with what the server said: its code, message and reason.
func check(err error) {
	if err == nil {
		return
	}
	var refused *connect.Error
	if errors.As(err, &refused) {
		for _, detail := range refused.Details() {
			if value, e := detail.Value(); e == nil {
				log.Print(value)
			}
		}
	}
	log.Fatal(err)
}

// must gives the message of an answer.
func must[T any](answer *connect.Response[T], err error) *T {
	check(err)
	return answer.Msg
}

type client struct {
	tracking  cairnv1connect.TrackingServiceClient
	artifacts cairnv1connect.ArtifactServiceClient
	registry  cairnv1connect.RegistryServiceClient
	promotion cairnv1connect.PromotionServiceClient
}

// How many steps a run has.
const steps = 100

// silhouette is what a run measures at a step.
func silhouette(step int64) float64 {
	return 0.45 * (1 - math.Exp(-float64(step)/20))
}

// logRun logs a run with a parameter and a curve; its resource name.
func (c *client) logRun(ctx context.Context) string {
	run := must(c.tracking.CreateRun(ctx, connect.NewRequest(&cairn.CreateRunRequest{
		Parent:    "experiments/0",
		Run:       &cairn.Run{DisplayName: "journey"},
		RequestId: requestID(),
	})))
	curve := &cairn.MetricColumns{Key: "silhouette"}
	for step := range int64(steps) {
		curve.Steps = append(curve.Steps, step)
		curve.Values = append(curve.Values, silhouette(step))
	}
	must(c.tracking.LogBatch(ctx, connect.NewRequest(&cairn.LogBatchRequest{
		Run:     run.Name,
		Params:  map[string]string{"k": "4"},
		Metrics: []*cairn.MetricColumns{curve},
	})))
	must(c.tracking.FinishRun(ctx, connect.NewRequest(&cairn.FinishRunRequest{
		Name: run.Name, State: cairn.Run_SUCCEEDED,
	})))
	return run.Name
}

// register makes a version of the model with one file, made by the run; its resource name.
func (c *client) register(ctx context.Context, run string, data []byte) string {
	sum := sha256.Sum256(data)
	digest := &cairn.BlobDigest{Sha256: hex.EncodeToString(sum[:]), SizeBytes: int64(len(data))}
	stored := must(c.artifacts.BatchUpdateBlobs(ctx, connect.NewRequest(
		&cairn.BatchUpdateBlobsRequest{
			Entries: []*cairn.BatchUpdateBlobsRequest_Entry{{Digest: digest, Data: data}},
		})))
	if status := stored.Results[0].Status; status.GetCode() != 0 {
		log.Fatalf("upload: %s", status.GetMessage())
	}
	return must(c.registry.CreateModelVersion(ctx, connect.NewRequest(
		&cairn.CreateModelVersionRequest{
			Parent: "models/" + model,
			ModelVersion: &cairn.ModelVersion{
				Run:   run,
				Files: []*cairn.ArtifactFile{{Path: "model.bin", Digest: digest}},
			},
			Evaluations: []*cairn.Evaluation{{
				Values: []*cairn.EvaluationValue{{Metric: "silhouette", Value: silhouette(steps - 1)}},
			}},
			RequestId: requestID(),
		}))).Name
}

// promote lets the policy choose what is served, and says what it decided and why.
func (c *client) promote(ctx context.Context) {
	must(c.promotion.ApplyPolicy(ctx, connect.NewRequest(&cairn.ApplyPolicyRequest{Source: policy})))
	decision := must(c.promotion.Promote(ctx, connect.NewRequest(&cairn.PromoteRequest{
		Name: channel, RequestId: requestID(),
	})))
	fmt.Printf("decision: %v: %s\n", decision.Outcome, decision.Message)
}

// production fetches what the channel serves, checked against the digest it is registered with.
func (c *client) production(ctx context.Context) (string, []byte) {
	head := must(c.registry.GetChannel(ctx, connect.NewRequest(
		&cairn.GetChannelRequest{Name: channel})))
	version := must(c.registry.GetModelVersion(ctx, connect.NewRequest(
		&cairn.GetModelVersionRequest{Name: head.Version})))
	wanted := version.Files[0].Digest
	read := must(c.artifacts.BatchReadBlobs(ctx, connect.NewRequest(
		&cairn.BatchReadBlobsRequest{Digests: []*cairn.BlobDigest{wanted}})))
	data := read.Results[0].Data
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != wanted.Sha256 {
		log.Fatalf("%s: other bytes than registered", head.Version)
	}
	return head.Version, data
}

func main() {
	url := "http://127.0.0.1:5000"
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	option := withToken()
	c := &client{
		cairnv1connect.NewTrackingServiceClient(http.DefaultClient, url, option),
		cairnv1connect.NewArtifactServiceClient(http.DefaultClient, url, option),
		cairnv1connect.NewRegistryServiceClient(http.DefaultClient, url, option),
		cairnv1connect.NewPromotionServiceClient(http.DefaultClient, url, option),
	}
	ctx := context.Background()
	run := c.logRun(ctx)
	fmt.Printf("run: %s\n", run)
	fmt.Printf("version: %s\n", c.register(ctx, run, []byte("centroids of "+run)))
	c.promote(ctx)
	version, data := c.production(ctx)
	fmt.Printf("production: %s, %d bytes verified\n", version, len(data))
}
