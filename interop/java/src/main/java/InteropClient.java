import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.HashSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.secretflow.v1alpha1.RequestHeader;
import org.secretflow.v1alpha1.kusciaapi.*;
import org.secretflow.v1alpha1.kusciaapi.AppImageServiceGrpc.AppImageServiceBlockingStub;

/**
 * Calls every method of the service with stubs that protoc and protoc-gen-grpc-java made from proto/.
 *
 * <p>INTEROP_TARGET is the server's gRPC address, INTEROP_CERTS_DIR the folder with ca.crt, client.crt, client.key and token.
 */
public final class InteropClient {
  private static final String NAME = "interop-java";
  private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> IF_MATCH = Metadata.Key.of("if-match", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> ETAG = Metadata.Key.of("etag", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> REQUEST_ID = Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);

  private static int passed;
  private static int failed;

  /** Opens a channel over TLS, mutual unless asked otherwise. */
  private static ManagedChannel connect(String target, Path certs, boolean withCertificate) throws IOException {
    TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder().trustManager(certs.resolve("ca.crt").toFile());
    if (withCertificate) {
      tls.keyManager(certs.resolve("client.crt").toFile(), certs.resolve("client.key").toFile());
    }
    return Grpc.newChannelBuilder(target, tls.build()).build();
  }

  /** Sends an entry of metadata with every call. */
  private static ClientInterceptor with(Metadata.Key<String> key, String value) {
    Metadata metadata = new Metadata();
    metadata.put(key, value);
    return MetadataUtils.newAttachHeadersInterceptor(metadata);
  }

  private static AppImageServiceBlockingStub images(Channel channel) {
    return AppImageServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  /** A request that uses every kind of field. */
  private static CreateAppImageRequest template() {
    Container container = Container.newBuilder()
        .setName("app").addCommand("sh").addArgs("-c").addArgs("./app").setWorkingDir("/work")
        .addConfigVolumeMounts(ConfigVolumeMount.newBuilder().setMountPath("/work/app.conf").setSubPath("app.conf"))
        .addPorts(ContainerPort.newBuilder().setName("rpc").setProtocol("GRPC").setScope("Cluster"))
        .addEnv(EnvVar.newBuilder().setName("MODE").setValue("fast"))
        .addEnvFrom(EnvFromSource.newBuilder().setPrefix("DB_").setSecretRef(SecretEnvSource.newBuilder().setName("db")))
        .setResources(ResourceRequirements.newBuilder()
            .setLimits(ResourceSpec.newBuilder().setCpu("2").setMemory("4Gi"))
            .setRequests(ResourceSpec.newBuilder().setCpu("500m").setMemory("1Gi")))
        .setLivenessProbe(Probe.newBuilder().setGrpc(GRPCAction.newBuilder().setPort(8080)).setPeriodSeconds(10))
        .setReadinessProbe(Probe.newBuilder()
            .setHttpGet(HTTPGetAction.newBuilder().setPath("/ready").setPort("rpc"))
            .setTerminationGracePeriodSeconds(1L << 40))
        .setImagePullPolicy("IfNotPresent")
        .build();
    return CreateAppImageRequest.newBuilder()
        .setHeader(RequestHeader.newBuilder().putCustomHeaders("origin", "interop"))
        .setName(NAME)
        .setImage(AppImageInfo.newBuilder().setName("registry.example.com:5000/secretflow/app").setTag("1.0.0"))
        .putConfigTemplates("app.conf", "task={{.TASK_ID}}\n")
        .putConfigTemplates("$odd.名字", "值")
        .addDeployTemplates(DeployTemplate.newBuilder()
            .setName("server").setRole("server").setReplicas(2).setRestartPolicy("Never").addContainers(container))
        .build();
  }

  public static void main(String[] arguments) throws Exception {
    String target = System.getenv("INTEROP_TARGET");
    Path certs = Path.of(System.getenv("INTEROP_CERTS_DIR"));
    ManagedChannel channel = connect(target, certs, true);
    ManagedChannel anonymous = connect(target, certs, false);
    try {
      callEveryMethod(channel, anonymous, Files.readString(certs.resolve("token")).strip());
    } finally {
      channel.shutdownNow();
      anonymous.shutdownNow();
    }
    System.out.printf("%d checks passed, %d failed%n", passed, failed);
    System.exit(failed > 0 ? 1 : 0);
  }

  private static void callEveryMethod(Channel channel, Channel anonymous, String token) throws InvalidProtocolBufferException {
    ClientInterceptor withToken = with(TOKEN, token);
    AppImageServiceBlockingStub images = images(channel).withInterceptors(withToken);

    HealthResponse health = HealthServiceGrpc.newBlockingStub(channel)
        .withInterceptors(withToken).healthZ(HealthRequest.getDefaultInstance());
    check("healthZ says ready", health.getData().getReady());

    CreateAppImageRequest request = template();
    expectCode("create", images.createAppImage(request).getStatus(), 0);
    expectCode("create of an existing name", images.createAppImage(request).getStatus(), 13106);

    AtomicReference<Metadata> header = new AtomicReference<>();
    QueryAppImageRequest query = QueryAppImageRequest.newBuilder().setName(NAME).build();
    QueryAppImageResponse queried = images
        .withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(header, new AtomicReference<>()))
        .queryAppImage(query);
    expectCode("query", queried.getStatus(), 0);
    check("query returns what was created", queried.getData().equals(QueryAppImageResponseData.newBuilder()
        .setName(NAME).setImage(request.getImage())
        .putAllConfigTemplates(request.getConfigTemplatesMap())
        .addAllDeployTemplates(request.getDeployTemplatesList())
        .build()));
    String etag = header.get().get(ETAG);
    check("query has an etag", etag != null);
    check("query has a request id", header.get().get(REQUEST_ID) != null);

    BatchQueryAppImageResponse batch = images.batchQueryAppImage(
        BatchQueryAppImageRequest.newBuilder().addNames(NAME).addNames(NAME).build());
    expectCode("batch query", batch.getStatus(), 0);
    check("batch query returns both", batch.getDataCount() == 2);
    batch = images.batchQueryAppImage(
        BatchQueryAppImageRequest.newBuilder().addNames(NAME).addNames("interop-none").build());
    expectCode("batch query of a missing name", batch.getStatus(), 13105);

    ListAppImageResponse list = images.listAppImage(ListAppImageRequest.newBuilder().setPageSize(1000).build());
    expectCode("list", list.getStatus(), 0);
    check("list holds it", list.getData().getAppimageListList().stream().anyMatch(image -> image.getName().equals(NAME)));

    UpdateAppImageRequest update = UpdateAppImageRequest.newBuilder()
        .setName(NAME)
        .setImage(AppImageInfo.newBuilder().setName(request.getImage().getName()).setTag("2.0.0"))
        .build();
    expectCode("update with a stale if-match",
        images.withInterceptors(with(IF_MATCH, "\"999999\"")).updateAppImage(update).getStatus(), 13150);
    expectCode("update", images.withInterceptors(with(IF_MATCH, etag)).updateAppImage(update).getStatus(), 0);
    QueryAppImageResponseData changed = images.queryAppImage(query).getData();
    check("update changed the tag", changed.getImage().getTag().equals("2.0.0"));
    check("update kept the rest", changed.getConfigTemplatesMap().equals(request.getConfigTemplatesMap()));

    CreateAppImageResponse invalid = images.createAppImage(
        CreateAppImageRequest.newBuilder().setName("Not_A_Label").build());
    expectCode("create of an invalid template", invalid.getStatus(), 11100);
    check("every fault is listed", violatedFields(invalid.getStatus().getDetailsList())
        .containsAll(List.of("name", "image", "deploy_templates")));

    expectRefused("no token", images(channel), query);
    expectRefused("a wrong token",
        images(channel).withInterceptors(with(TOKEN, "not-the-token-of-this-server")), query);
    expectRefused("no client certificate", images(anonymous).withInterceptors(withToken), query);

    DeleteAppImageRequest delete = DeleteAppImageRequest.newBuilder().setName(NAME).build();
    expectCode("delete", images.deleteAppImage(delete).getStatus(), 0);
    expectCode("delete of a missing name", images.deleteAppImage(delete).getStatus(), 13105);
    expectCode("query of a missing name", images.queryAppImage(query).getStatus(), 13105);
  }

  /** Unpacks the google.rpc.BadRequest in the details of a refused request. */
  private static Set<String> violatedFields(List<Any> details) throws InvalidProtocolBufferException {
    Set<String> fields = new HashSet<>();
    for (Any detail : details) {
      if (detail.is(BadRequest.class)) {
        detail.unpack(BadRequest.class).getFieldViolationsList().forEach(violation -> fields.add(violation.getField()));
      }
    }
    return fields;
  }

  private static void check(String what, boolean ok) {
    if (ok) {
      passed++;
    } else {
      failed++;
      System.out.println("FAILED: " + what);
    }
  }

  private static void expectCode(String what, org.secretflow.v1alpha1.Status status, int wanted) {
    check(what + ": code " + wanted + ", got " + status.getCode() + " (" + status.getMessage() + ")", status.getCode() == wanted);
  }

  private static void expectRefused(String what, AppImageServiceBlockingStub images, QueryAppImageRequest query) {
    try {
      images.queryAppImage(query);
      check(what + " is refused", false);
    } catch (StatusRuntimeException refusal) {
      check(what + " is refused: " + refusal.getStatus(), refusal.getStatus().getCode() == Status.Code.UNAUTHENTICATED);
    }
  }
}
