package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalphapb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// served is what reflection has to list.
var served = []protoreflect.FullName{
	"appimage.v1.AppImageRegistryService",
	"grpc.health.v1.Health",
	"kuscia.proto.api.v1alpha1.kusciaapi.AppImageService",
	"kuscia.proto.api.v1alpha1.kusciaapi.HealthService",
}

// checkHealth asks grpc.health.v1 with grpc-go's own stubs; it needs no token.
func checkHealth(ctx context.Context, connection *grpc.ClientConn) {
	health := healthpb.NewHealthClient(connection)
	answer, err := health.Check(ctx, &healthpb.HealthCheckRequest{})
	must(err)
	check("grpc.health.v1 says SERVING", answer.GetStatus() == healthpb.HealthCheckResponse_SERVING)
	list, err := health.List(ctx, &healthpb.HealthListRequest{})
	must(err)
	for _, name := range []string{"", string(served[2])} {
		check(fmt.Sprintf("grpc.health.v1 lists %q", name), list.GetStatuses()[name].GetStatus() == healthpb.HealthCheckResponse_SERVING)
	}
}

// checkReflection builds the services from what both versions of reflection tell of them, as grpcurl does; it needs no token.
func checkReflection(ctx context.Context, connection *grpc.ClientConn) {
	v1, err := reflectionpb.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	must(err)
	checkServices("reflection v1", func(request *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		must(v1.Send(request))
		answer, err := v1.Recv()
		must(err)
		return answer
	})
	must(v1.CloseSend())

	// The messages of v1alpha are those of v1 under another name.
	alpha, err := reflectionalphapb.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	must(err)
	checkServices("reflection v1alpha", func(request *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		older := &reflectionalphapb.ServerReflectionRequest{}
		recode(request, older)
		must(alpha.Send(older))
		answer, err := alpha.Recv()
		must(err)
		newer := &reflectionpb.ServerReflectionResponse{}
		recode(answer, newer)
		return newer
	})
	must(alpha.CloseSend())
}

func checkServices(version string, ask func(*reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse) {
	listed := map[string]bool{}
	list := ask(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{ListServices: "*"},
	})
	for _, service := range list.GetListServicesResponse().GetService() {
		listed[service.GetName()] = true
	}
	for _, name := range served {
		check(fmt.Sprintf("%s lists %s", version, name), listed[string(name)])
		answer := ask(&reflectionpb.ServerReflectionRequest{
			MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: string(name)},
		})
		files := &descriptorpb.FileDescriptorSet{}
		for _, encoded := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
			file := &descriptorpb.FileDescriptorProto{}
			must(proto.Unmarshal(encoded, file))
			files.File = append(files.File, file)
		}
		registry, err := protodesc.NewFiles(files)
		check(fmt.Sprintf("%s tells files of %s that go together: %v", version, name, err), err == nil)
		if err == nil {
			_, err = registry.FindDescriptorByName(name)
			check(fmt.Sprintf("%s tells the file of %s", version, name), err == nil)
		}
	}
}

func recode(from, into proto.Message) {
	encoded, err := proto.Marshal(from)
	must(err)
	must(proto.Unmarshal(encoded, into))
}
