// Calls every method of the service with stubs that protoc-gen-go and protoc-gen-go-grpc made from proto/.
//
// INTEROP_TARGET is the server's gRPC address, INTEROP_CERTS_DIR the folder with ca.crt, client.crt, client.key and token.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	kuscia "github.com/secretflow/kuscia/proto/api/v1alpha1"
	"github.com/secretflow/kuscia/proto/api/v1alpha1/kusciaapi"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// connect opens a connection over TLS, mutual where client certificates are given.
func connect(target, certsDir string, own ...tls.Certificate) (*grpc.ClientConn, error) {
	ca, err := os.ReadFile(filepath.Join(certsDir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	config := &tls.Config{RootCAs: roots, Certificates: own}
	return grpc.NewClient(target, grpc.WithTransportCredentials(credentials.NewTLS(config)))
}

// template is a request that uses every kind of field.
func template(name string) *kusciaapi.CreateAppImageRequest {
	return &kusciaapi.CreateAppImageRequest{
		Header: &kuscia.RequestHeader{CustomHeaders: map[string]string{"origin": "interop"}},
		Name:   name,
		Image:  &kusciaapi.AppImageInfo{Name: "registry.example.com:5000/secretflow/app", Tag: "1.0.0"},
		ConfigTemplates: map[string]string{
			"app.conf": "task={{.TASK_ID}}\n",
			"$odd.名字":  "值",
		},
		DeployTemplates: []*kusciaapi.DeployTemplate{{
			Name: "server", Role: "server", Replicas: 2, RestartPolicy: "Never",
			Containers: []*kusciaapi.Container{{
				Name: "app", Command: []string{"sh"}, Args: []string{"-c", "./app"}, WorkingDir: "/work",
				ConfigVolumeMounts: []*kusciaapi.ConfigVolumeMount{{MountPath: "/work/app.conf", SubPath: "app.conf"}},
				Ports:              []*kusciaapi.ContainerPort{{Name: "rpc", Protocol: "GRPC", Scope: "Cluster"}},
				Env:                []*kusciaapi.EnvVar{{Name: "MODE", Value: "fast"}},
				EnvFrom:            []*kusciaapi.EnvFromSource{{Prefix: "DB_", SecretRef: &kusciaapi.SecretEnvSource{Name: "db"}}},
				Resources: &kusciaapi.ResourceRequirements{
					Limits:   &kusciaapi.ResourceSpec{Cpu: "2", Memory: "4Gi"},
					Requests: &kusciaapi.ResourceSpec{Cpu: "500m", Memory: "1Gi"},
				},
				LivenessProbe: &kusciaapi.Probe{Grpc: &kusciaapi.GRPCAction{Port: 8080}, PeriodSeconds: 10},
				ReadinessProbe: &kusciaapi.Probe{
					HttpGet:                       &kusciaapi.HTTPGetAction{Path: "/ready", Port: "rpc"},
					TerminationGracePeriodSeconds: 1 << 40,
				},
				ImagePullPolicy: "IfNotPresent",
			}},
		}},
	}
}

func main() {
	target, certsDir := os.Getenv("INTEROP_TARGET"), os.Getenv("INTEROP_CERTS_DIR")
	own, err := tls.LoadX509KeyPair(filepath.Join(certsDir, "client.crt"), filepath.Join(certsDir, "client.key"))
	must(err)
	connection, err := connect(target, certsDir, own)
	must(err)
	defer connection.Close()
	token, err := os.ReadFile(filepath.Join(certsDir, "token"))
	must(err)

	deadline, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ctx := metadata.AppendToOutgoingContext(deadline, "token", strings.TrimSpace(string(token)))
	images := kusciaapi.NewAppImageServiceClient(connection)
	name := "interop-go"

	health, err := kusciaapi.NewHealthServiceClient(connection).HealthZ(ctx, &kusciaapi.HealthRequest{})
	must(err)
	check("healthZ says ready", health.GetData().GetReady())

	checkHealth(deadline, connection)
	checkReflection(deadline, connection)

	request := template(name)
	created, err := images.CreateAppImage(ctx, request)
	must(err)
	expectCode("create", created.GetStatus(), 0)
	created, err = images.CreateAppImage(ctx, request)
	must(err)
	expectCode("create of an existing name", created.GetStatus(), 13106)

	var header metadata.MD
	queried, err := images.QueryAppImage(ctx, &kusciaapi.QueryAppImageRequest{Name: name}, grpc.Header(&header))
	must(err)
	expectCode("query", queried.GetStatus(), 0)
	check("query returns what was created", proto.Equal(queried.GetData(), &kusciaapi.QueryAppImageResponseData{
		Name: name, Image: request.Image, ConfigTemplates: request.ConfigTemplates, DeployTemplates: request.DeployTemplates,
	}))
	check("query has an etag", len(header.Get("etag")) == 1)
	check("query has a request id", len(header.Get("x-request-id")) == 1)
	etag := header.Get("etag")[0]

	batch, err := images.BatchQueryAppImage(ctx, &kusciaapi.BatchQueryAppImageRequest{Names: []string{name, name}})
	must(err)
	expectCode("batch query", batch.GetStatus(), 0)
	check("batch query returns both", len(batch.GetData()) == 2)
	batch, err = images.BatchQueryAppImage(ctx, &kusciaapi.BatchQueryAppImageRequest{Names: []string{name, "interop-none"}})
	must(err)
	expectCode("batch query of a missing name", batch.GetStatus(), 13105)

	list, err := images.ListAppImage(ctx, &kusciaapi.ListAppImageRequest{PageSize: 1000})
	must(err)
	expectCode("list", list.GetStatus(), 0)
	check("list holds it", contains(list.GetData().GetAppimageList(), name))

	update := &kusciaapi.UpdateAppImageRequest{Name: name, Image: &kusciaapi.AppImageInfo{Name: request.Image.Name, Tag: "2.0.0"}}
	stale := metadata.AppendToOutgoingContext(ctx, "if-match", `"999999"`)
	updated, err := images.UpdateAppImage(stale, update)
	must(err)
	expectCode("update with a stale if-match", updated.GetStatus(), 13150)
	updated, err = images.UpdateAppImage(metadata.AppendToOutgoingContext(ctx, "if-match", etag), update)
	must(err)
	expectCode("update", updated.GetStatus(), 0)
	queried, err = images.QueryAppImage(ctx, &kusciaapi.QueryAppImageRequest{Name: name})
	must(err)
	check("update changed the tag", queried.GetData().GetImage().GetTag() == "2.0.0")
	check("update kept the rest", len(queried.GetData().GetConfigTemplates()) == 2)

	invalid, err := images.CreateAppImage(ctx, &kusciaapi.CreateAppImageRequest{Name: "Not_A_Label"})
	must(err)
	expectCode("create of an invalid template", invalid.GetStatus(), 11100)
	fields := violatedFields(invalid.GetStatus())
	check("every fault is listed", fields["name"] && fields["image"] && fields["deploy_templates"])

	_, err = images.QueryAppImage(deadline, &kusciaapi.QueryAppImageRequest{Name: name})
	check("no token is refused", status.Code(err) == codes.Unauthenticated)
	wrong := metadata.AppendToOutgoingContext(deadline, "token", "not-the-token-of-this-server")
	_, err = images.QueryAppImage(wrong, &kusciaapi.QueryAppImageRequest{Name: name})
	check("a wrong token is refused", status.Code(err) == codes.Unauthenticated)

	anonymous, err := connect(target, certsDir)
	must(err)
	defer anonymous.Close()
	_, err = kusciaapi.NewAppImageServiceClient(anonymous).QueryAppImage(ctx, &kusciaapi.QueryAppImageRequest{Name: name})
	check("no client certificate is refused", status.Code(err) == codes.Unauthenticated)

	deleted, err := images.DeleteAppImage(ctx, &kusciaapi.DeleteAppImageRequest{Name: name})
	must(err)
	expectCode("delete", deleted.GetStatus(), 0)
	deleted, err = images.DeleteAppImage(ctx, &kusciaapi.DeleteAppImageRequest{Name: name})
	must(err)
	expectCode("delete of a missing name", deleted.GetStatus(), 13105)
	queried, err = images.QueryAppImage(ctx, &kusciaapi.QueryAppImageRequest{Name: name})
	must(err)
	expectCode("query of a missing name", queried.GetStatus(), 13105)

	fmt.Printf("%d checks passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

// violatedFields unpacks the google.rpc.BadRequest in the details of a refused request.
func violatedFields(refusal *kuscia.Status) map[string]bool {
	fields := map[string]bool{}
	for _, detail := range refusal.GetDetails() {
		var bad errdetails.BadRequest
		if detail.UnmarshalTo(&bad) == nil {
			for _, violation := range bad.GetFieldViolations() {
				fields[violation.GetField()] = true
			}
		}
	}
	return fields
}

func contains(images []*kusciaapi.QueryAppImageResponseData, name string) bool {
	for _, image := range images {
		if image.GetName() == name {
			return true
		}
	}
	return false
}

var passed, failed int

func check(what string, ok bool) {
	if ok {
		passed++
		return
	}
	failed++
	fmt.Println("FAILED:", what)
}

func expectCode(what string, got *kuscia.Status, want int32) {
	check(fmt.Sprintf("%s: code %d, got %d (%s)", what, want, got.GetCode(), got.GetMessage()), got.GetCode() == want)
}

func must(err error) {
	if err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}
