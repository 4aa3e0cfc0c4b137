//! Values that the chart refuses, by their name: what is no value, and what cannot work together.

use super::site::{FORWARDED, TEAM};
use super::{helm, rendered, said};

#[test]
fn values_that_are_wrong_are_refused_by_their_name() {
    for (given, named) in [
        ("image.digest=sha256:0123", "'/image/digest'"),
        ("image.digest=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "'/image/digest'"),
        ("image.repository=muster:1.2.3", "'/image/repository'"),
        ("image.pullpolicy=Always", "'/image': additional properties 'pullpolicy'"),
        ("imgae.tag=1.2.3", "additional properties 'imgae'"),
        ("rbac.clusterWide=false", "'/rbac/namespaces'"),
        ("rbac.secretsMetadata=true", "'/rbac': additional properties 'secretsMetadata'"),
        ("schedule=", "'/schedule'"),
        ("schedule=0 3 * *", "'/schedule'"),
        ("schedule=null", "missing property 'schedule'"),
        ("scan.gapsAreFine=perhaps", "'/scan/gapsAreFine'"),
        ("clusterName=a b", "'/clusterName'"),
        ("scan.options.aws-regions=x", "'/scan/options': additional properties 'aws-regions'"),
        ("scan.options.k8s-rate=a b", "'/scan/options/k8s-rate'"),
        ("persistence.size=much", "'/persistence/size'"),
        ("exports[0].format=pdf,exports[0].file=a", "'/exports/0/format'"),
        ("exports[0].format=json,exports[0].file=../a", "'/exports/0/file'"),
        ("exports[0].format=json,exports[0].file=muster.db-wal", "'/exports/0/file'"),
        ("retention.keep=long", "'/retention/keep'"),
        ("retention.keepRuns=0", "'/retention/keepRuns'"),
        ("config.source=A b", "'/config/source'"),
        ("store.postgres.password=x", "'/store/postgres': additional properties 'password'"),
        ("networkPolicy.postgresCidrs[0]=db", "'/networkPolicy/postgresCidrs/0'"),
        ("startingDeadlineSeconds=0", "'/startingDeadlineSeconds'"),
        ("site.replicas=0", "'/site/replicas'"),
        ("site.publicUrl=muster.example.com", "'/site/publicUrl'"),
        ("site.publicUrl=https://muster.example.com/path", "'/site/publicUrl'"),
        ("site.behind[0]=proxy.example.com", "'/site/behind/0'"),
        ("site.address=all", "'/site/address'"),
        ("site.service.type=LoadBalancer", "'/site/service': additional properties 'type'"),
        ("site.ingress.host=Muster", "'/site/ingress/host'"),
        ("site.oidc.issuer=http://login.example.com", "'/site/oidc/issuer'"),
        ("site.oidc.clientSecret.value=x", "'/site/oidc/clientSecret': additional properties 'value'"),
        ("site.oidc.roles.root[0]=admins", "'/site/oidc/roles': additional properties 'root'"),
        ("site.oidc.roles.viewer=all", "'/site/oidc/roles/viewer'"),
        ("site.networkPolicy.from[0]=all", "'/site/networkPolicy/from/0'"),
    ] {
        let output = helm(&["template", "r"], "", &["--set", given]);
        let said = said(&output);
        assert!(!output.status.success() && said.contains(named), "{given}: {said}");
    }
}

#[test]
fn a_site_that_cannot_work_is_refused_by_the_name_of_the_value() {
    let outside = "site.publicUrl=https://muster.example.com";
    for (values, given, why) in [
        ("", "site.enabled=true", "site.enabled needs a store"),
        (FORWARDED, "site.replicas=2", "site.replicas is more than 1"),
        (
            FORWARDED,
            "persistence.accessModes={ReadWriteOncePod}",
            "persistence.accessModes has ReadWriteOncePod",
        ),
        (TEAM, "site.extraVolumeMounts=null", "site.extraVolumeMounts mounts none"),
        (TEAM, "site.ingress.host=", "site.ingress.enabled needs site.ingress.host"),
        (
            TEAM,
            "site.publicUrl=https://other.example.com",
            "site.publicUrl is not https:// and site.ingress.host",
        ),
        (
            TEAM,
            "site.publicUrl=http://muster.example.com",
            "site.publicUrl is not https:// and site.ingress.host",
        ),
        (TEAM, "site.behind=null", "site.ingress.enabled needs site.behind"),
        (TEAM, "site.networkPolicy.from=null", "site.networkPolicy.from is empty"),
        (
            TEAM,
            "site.oidc.issuer=,site.oidc.clientId=,site.oidc.clientSecret.name=,site.oidc.roles=null,site.oidc.scopes=null,site.oidc.nameClaim=",
            "site.ingress.enabled needs site.oidc.issuer",
        ),
        (TEAM, "site.oidc.issuer=", "site.oidc names no provider"),
        (TEAM, "site.oidc.clientId=", "site.oidc.issuer needs site.oidc.clientId as well"),
        (TEAM, "site.oidc.clientSecret.name=", "site.oidc.issuer needs site.oidc.clientSecret.name as well"),
        (TEAM, "site.oidc.roles=null", "site.oidc.roles gives no group a role"),
        (FORWARDED, outside, "site.publicUrl needs TLS"),
        (FORWARDED, &format!("{outside},site.tlsSecret=c"), "site.networkPolicy.from is empty"),
        (FORWARDED, "site.publicUrl=http://muster.example.com", "people would sign in without TLS"),
        (FORWARDED, "site.publicUrl=http://localhost.example.com", "people would sign in without TLS"),
        (FORWARDED, "site.tlsSecret=certificate", "site.tlsSecret needs a site.publicUrl"),
    ] {
        let output = helm(&["template", "r"], values, &["--set", given]);
        let said = said(&output);
        assert!(!output.status.success() && said.contains(why), "{given}: {said}");
    }
    // Nothing is asked of a site that there is not, and what only sounds like the above can work.
    for (values, given) in [
        ("", "site.replicas=2,site.ingress.enabled=true"),
        (TEAM, "site.publicUrl=https://Muster.example.com:8443/"),
        (TEAM, "networkPolicy.enabled=false,site.networkPolicy.from=null"),
        (FORWARDED, "persistence.accessModes={ReadWriteOncePod},persistence.existingClaim=theirs"),
        (FORWARDED, "site.publicUrl=https://localhost:8443,site.tlsSecret=certificate"),
        (
            FORWARDED,
            "networkPolicy.enabled=false,site.publicUrl=https://muster.example.com,site.behind={10.0.0.2}",
        ),
    ] {
        rendered(values, &["--set", given]);
    }
}
