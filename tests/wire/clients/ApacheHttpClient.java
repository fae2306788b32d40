import java.util.Base64;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.entity.GzipCompressingEntity;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpVersion;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;

/** Apache HttpClient 5, with each version of HTTP/1, an offer as its version 5.4 makes it, and a packed body. */
class ApacheHttpClient {
    public static void main(String[] args) throws Exception {
        try (var client = HttpClients.createDefault()) {
            for (var kind : new String[] {"plain", "upgrade", "1.0", "gzip", "continued"}) {
                for (var each : new String[][] {{"whole", args[1]}, {"streamed", args[2]}}) {
                    var post = new HttpPost(args[0] + "/v1/chat/completions");
                    HttpEntity entity = new StringEntity(each[1], ContentType.APPLICATION_JSON);
                    post.setEntity(kind.equals("gzip") ? new GzipCompressingEntity(entity) : entity);
                    post.setHeader("Authorization", "Bearer akml-apache");
                    if (kind.equals("1.0")) post.setVersion(HttpVersion.HTTP_1_0);
                    if (kind.equals("upgrade")) {
                        post.setHeader("Connection", "Upgrade");
                        post.setHeader("Upgrade", "TLS/1.2");
                    }
                    post.setConfig(RequestConfig.custom().setExpectContinueEnabled(kind.equals("continued")).build());
                    client.execute(post, answer -> {
                        var body = Base64.getEncoder().encodeToString(EntityUtils.toByteArray(answer.getEntity()));
                        System.out.println(kind + "-" + each[0] + " " + answer.getCode() + " " + body);
                        return null;
                    });
                }
            }
        }
    }
}
