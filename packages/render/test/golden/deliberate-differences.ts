import type { Difference, Mark } from './difference.ts'

/** One place in which a rule shows. */
export interface Place {
  /** Matched against the difference's path. */
  readonly path: RegExp
  readonly theirs?: RegExp
  readonly ours?: RegExp
  readonly mark?: Mark | RegExp
}

/** One thing that is done differently on purpose. A difference in a case must be covered by one of these, or it fails. */
export interface Rule {
  readonly name: string
  /** Why ours is right: the text of docs/deliberate-differences.md. */
  readonly why: string
  readonly places: readonly Place[]
}

const absent = /^<absent>$/
const s3Setting = (field: string) =>
  new RegExp(
    `\\.env\\.(AWS_(CA_BUNDLE(_CONFIGMAP)?|DEFAULT_REGION|ENDPOINT_URL)|S3_(ENDPOINT|USE_ACCELERATE|USE_HTTPS|USER_VIRTUAL_BUCKET|VERIFY_SSL)|awsAnonymousCredential)\\.${field}$`,
  )
const there = /^there$/

export const rules: readonly Rule[] = [
  {
    name: 'RefusedAtAdmission',
    why: 'What cannot work is refused when it is written, with the reason: scaling out of bounds or no number, canary shares that are no percentage, an unknown deployment mode or a change of it, a graph that goes in circles or leads to no node or tests by a broken condition, an unknown autoscaler, two claims at one path, priorities that contradict each other, several nodes in Knative mode.',
    places: [
      {
        path: /refusal( \d+)?$/,
        theirs: absent,
        ours: /canaryTrafficPercent|(initial|max|min)-scale\]|workerSpec|(min|max)Replicas|scale(Metric|Target)|deployment mode|autoscaler: use|cannot be changed|in a circle|is no node|\.condition: has|\.weight: must not|keep one of them|mountPath|priority|timeout: must not/,
      },
    ],
  },
  {
    name: 'RefusedWhole',
    why: 'What cannot be served as it stands is refused whole, with a condition that says why and what to do; what already serves is left alone. KServe makes a part of it, or pods that never start, or says nothing.',
    places: [
      {
        mark: /^refused: (Invalid(Domain|Pod|Scaling|Storage|Strategy)|NameTooLong|SecretNotFound|StorageContainerUnfit)$/,
        path: /object (Deployment\.apps|HorizontalPodAutoscaler\.autoscaling|Service\.(core|serving\.knative\.dev))\/\S+$/,
        theirs: there,
        ours: absent,
      },
      {
        mark: /^refused: /,
        path: /object ConfigMap\.core\/(global-ca-bundle|modelconfig-\S+)$/,
        theirs: there,
        ours: absent,
      },
      { mark: /^refused: /, path: /status \S+ \|\.conditions$/, theirs: absent, ours: /"Ready":"False"/ },
      { mark: /^refused: /, path: /status \S+ \|\.conditions\.\w+$/, theirs: absent, ours: /^False$/ },
      { mark: /^refused: /, path: /status \S+ \|\.(address|url)$/, ours: absent },
      { mark: /^refused: /, path: /status \S+ \|\.deploymentMode$/, theirs: absent, ours: /^(Standard|Knative)$/ },
      { mark: /^refused: Invalid/, path: /status \S+ \|\.clusterServingRuntimeName$/, theirs: absent },
      {
        mark: /^refused: /,
        path: /status \S+ \|\.canaryStatuses$/,
        theirs: absent,
        ours: /"ready":false/,
      },
      {
        mark: /^refused: /,
        path: /status \S+ \|\.modelStatus(\.failure)?$/,
        theirs: absent,
        ours: /InvalidPredictorSpec|NoSupportingRuntime|RuntimeNotRecognized/,
      },
      { mark: /^refused: /, path: /\.targetModelState$/, theirs: /^Pending$/, ours: /^FailedToLoad$/ },
      { mark: /^refused: /, path: /\.transitionStatus$/, theirs: /^InProgress$/, ours: /^InvalidSpec$/ },
      {
        mark: /^refused: InvalidScaling$/,
        path: /^step \d+ \S+ Deployment\S+ \|\.metadata\.annotations\.serving\.kserve\.io\/autoscalerClass$/,
        theirs: /^keda$/,
      },
    ],
  },
  {
    name: 'WorksWhereKServeFails',
    why: 'Objects that KServe makes wrongly, so that the API server or admission refuses them, are made right: rollout amounts that are plain numbers, a probe that replaces the runtime’s of another kind, a volume that only the finished pod has, a server that is not the first container, a canary of another format than the predictor, several containers of which none is the named server, quotes in a runtime’s placeholders.',
    places: [
      { mark: 'broken', path: /status \S+ \|\.deploymentMode$/, theirs: absent, ours: /^(Standard|Knative)$/ },
      {
        mark: 'broken',
        path: /object (Deployment|HorizontalPodAutoscaler|Service|ScaledObject)\.\S+$/,
        theirs: absent,
        ours: there,
      },
      { mark: 'broken', path: /status \S+ \|\.(address|url|conditions(\.\w+)?|canaryStatuses)$/, theirs: absent },
      {
        mark: 'broken',
        path: /status \S+ \|\.modelStatus$/,
        theirs: absent,
        ours: /"targetModelState":"(Pending|FailedToLoad)"/,
      },
      { mark: 'broken', path: /\.modelStatus\.failure$/, theirs: /InvalidPredictorSpec/, ours: absent },
      { mark: 'broken', path: /\.targetModelState$/, theirs: /^FailedToLoad$/, ours: /^Pending$/ },
      { mark: 'broken', path: /\.transitionStatus$/, theirs: /^InvalidSpec$/, ours: /^InProgress$/ },
      { mark: 'broken', path: /object Service\.core\S+ \|\.spec\.ports\.0\.name$/ },
      { path: /refusal$/, theirs: /not found$/, ours: absent },
      {
        path: /pod \S+ error$/,
        theirs: /"code":422.+(Duplicate value|more than 1 (handler|volume) type|must be unique)/,
        ours: absent,
      },
      {
        path: /knative\S+ \|\.spec\.template\.spec\.containers\.kserve-container\.readinessProbe\.httpGet$/,
        ours: absent,
      },
      { path: /knative\S+ \|\.spec\.template\.spec\.containers\.kserve-container\+$/, ours: absent },
      { path: /knative\S+ \|\.spec\.template\.spec\.containers\.(helper|transformer-container)$/, theirs: absent },
      { path: /knative\S+ \|\.spec\.template\.spec\.containers\.kserve-container\.resources$/, theirs: absent },
    ],
  },
  {
    name: 'ComesToRest',
    why: 'A multi-node service comes to rest. KServe deletes and recreates its worker Deployment and Services on each pass.',
    places: [
      { mark: 'restless', path: /^step \d+ status \S+ \|\.(address|url|components)$/, theirs: absent },
      { mark: 'restless', path: /^step \d+ status \S+ \|\.conditions\.\w+$/, theirs: /^False$/, ours: /^True$/ },
      { mark: 'restless', path: /object (HTTPRoute|Ingress)\S+$/, theirs: absent, ours: there },
      { mark: 'restless', path: /^step \d+ object Service\.core\S+ \|\.metadata\.labels\.isvc\.generation$/ },
    ],
  },
  {
    name: 'BrokenConfigBlocksNothing',
    why: 'A broken part of the configuration keeps its last good value and says so, and another default mode is for new services. In KServe the one blocks every update, every deletion and every pod, the other every update.',
    places: [
      {
        path: /refusal$/,
        theirs: /unable to unmarshall|config|invalid deployment mode|deploymentMode cannot be changed/,
        ours: absent,
      },
      { path: /pod \S+ error$/, theirs: /Unable to unmarshall|Failed to parse resource configuration/, ours: absent },
      { mark: 'broken config', path: /^step \d+ (object|pod|status) / },
    ],
  },
  {
    name: 'ConfigAtOnce',
    why: 'A change of the configuration reaches the services that it concerns by itself. In KServe each service gets it with its own next change.',
    places: [{ mark: 'config news', path: /^step \d+ (object|pod|status) / }],
  },
  {
    name: 'KnativeSettingsMayBeMissing',
    why: 'Without config-autoscaler Knative’s own defaults are used, and a condition says so. In KServe every Knative service and graph is blocked.',
    places: [{ mark: 'no-autoscaler-config', path: /^(object|status) /, theirs: absent }],
  },
  {
    name: 'HealsWhenInstalled',
    why: 'What is installed later is used at once. KServe needs a restart.',
    places: [
      { mark: 'installed', path: /^step \d+ (object|status) /, theirs: absent },
      { mark: 'installed', path: /refusal$/, theirs: /not found/, ours: absent },
    ],
  },
  {
    name: 'AnswersInside',
    why: 'Where the Gateway API is to be used and missing, a service says at which address it answers inside the cluster. KServe says none before there is a route.',
    places: [
      { mark: 'no Gateway API', path: /status InferenceService\S* \|\.address$/, theirs: absent, ours: /svc\.cluster/ },
    ],
  },
  {
    name: 'InitialScale',
    why: 'The initial scale is decided: the user’s annotation, else minReplicas, else the cluster’s default, within the maximum. What comes from the cluster alone never makes a revision, so a Knative Service notes what the user had asked for.',
    places: [
      {
        path: /annotations\.autoscaling\.knative\.dev\/initial-scale$/,
        theirs: /^(<absent>|0)$/,
        ours: /^\d+$/,
      },
      {
        path: /object Service\.serving\.knative\.dev\S+ \|\.metadata\.annotations(\.internal\.serving\.kserve\.io\/scale-asked)?$/,
        theirs: absent,
        ours: /^\{("internal\.serving\.kserve\.io\/scale-asked":)?"[^,]*\}$/,
      },
    ],
  },
  {
    name: 'ScaleAnnotations',
    why: 'min-scale and max-scale that a user writes as annotations count, before the spec. KServe drops those of services and keeps those of graphs.',
    places: [
      {
        mark: 'scale annotated',
        path: /annotations\.autoscaling\.knative\.dev\/(min|max)-scale$/,
        ours: /^\d+$/,
      },
    ],
  },
  {
    name: 'NoLimit',
    why: 'maxReplicas 0 means that there is no limit, and is written as such. KServe takes it for unset, so that the cluster’s default limits.',
    places: [{ path: /annotations\.autoscaling\.knative\.dev\/max-scale$/, theirs: absent, ours: /^0$/ }],
  },
  {
    name: 'KnativeFields',
    why: 'A Knative Service gets those fields of pods and containers that it has. The others are told (admission, FieldsIgnored); Knative’s schema would drop them, or refuse the whole object when it is applied.',
    places: [
      {
        path: /Service\.serving\.knative\.dev\S+ \|\.spec\.(template\.spec\.)?(activeDeadlineSeconds|host(name|Users)|nodeName|os|overhead|preemptionPolicy|priority|readinessGates|resourceClaims|resources|restartPolicy|schedulingGates|serviceAccount|setHostnameAsFQDN|subdomain|terminationGracePeriodSeconds)$/,
        ours: absent,
      },
      {
        path: /Service\.serving\.knative\.dev\S+ \|\.spec\.(template\.spec\.)?containers\.[\w-]+\.(lifecycle|resizePolicy|restartPolicy|stdin|stdinOnce|tty|volumeDevices)$/,
        ours: absent,
      },
    ],
  },
  {
    name: 'UnseenGeneration',
    why: 'A child’s status counts only for the spec that its controller has seen; until then readiness is Unknown. KServe shows what the older spec had.',
    places: [
      ...(['predictor', 'transformer', 'explainer'] as const).map((component): Place => {
        const type = `${component.charAt(0).toUpperCase()}${component.slice(1)}`
        return {
          mark: `unseen ${component}`,
          path: new RegExp(`status \\S+ \\|\\.conditions\\.${type}(Ready|RouteReady|RoutesReady|ConfigurationReady)$`),
          theirs: /^(True|False)$/,
          ours: absent,
        }
      }),
      {
        mark: 'unseen',
        path: /status \S+ \|\.conditions\.(Ready|IngressReady|RoutesReady|LatestDeploymentReady)$/,
        theirs: /^(True|False)$/,
        ours: absent,
      },
      { mark: 'unseen', path: /status InferenceGraph\S* \|\.url$/, ours: absent },
      { mark: 'unseen predictor', path: /\.targetModelState$/, theirs: /^Loaded$/, ours: /^Pending$/ },
      { mark: 'unseen predictor', path: /\.transitionStatus$/, theirs: /^UpToDate$/, ours: /^InProgress$/ },
    ],
  },
  {
    name: 'NothingLeftBehind',
    why: 'What is no longer rendered is removed: of a removed component, canary or metric, of a stopped graph, of a service that became local to the cluster. KServe leaves it.',
    places: [
      { mark: 'left behind', path: /^step \d+ object \S+$/, theirs: there, ours: absent },
      { path: /^step \d+ status \S+ \|\.(clusterServingRuntimeName|servingRuntimeName)$/, ours: absent },
      {
        mark: 'without transformer',
        path: /^step \d+ status InferenceService\S* \|\.(components\.transformer|conditions\.Transformer\w+)$/,
        ours: absent,
      },
      {
        mark: 'without explainer',
        path: /^step \d+ status InferenceService\S* \|\.(components\.explainer|conditions\.Explainer\w+)$/,
        ours: absent,
      },
    ],
  },
  {
    name: 'MetadataFollows',
    why: 'Labels and annotations of Services, lists of models, ScaledObjects and Ingresses follow those of the service, and those of HTTPRoutes also when they go. KServe writes them once.',
    places: [
      {
        mark: 'as before',
        path: /^step \d+ object (ConfigMap\.core|Service\.core|ScaledObject\.keda\.sh|Ingress\.networking\.k8s\.io)\S+ \|\.metadata\.(labels|annotations)(\.\S+)?$/,
      },
      { path: /^step \d+ object HTTPRoute\S+ \|\.metadata\.(labels|annotations)(\.\S+)?$/, ours: absent },
    ],
  },
  {
    name: 'ScalingBehaviour',
    why: 'autoScaling.behavior reaches the HorizontalPodAutoscaler, and the ScaledObject whole. KServe drops it, or all but the stabilisation window.',
    places: [
      { path: /object HorizontalPodAutoscaler\S+ \|\.spec\.behavior/ },
      {
        path: /object ScaledObject\S+ \|\.spec\.advanced\.horizontalPodAutoscalerConfig\.behavior\.scale(Down|Up)\.(policies|selectPolicy|tolerance)/,
        theirs: absent,
      },
    ],
  },
  {
    name: 'DisruptionBudget',
    why: 'Where two replicas or more are promised, a PodDisruptionBudget keeps drains from taking more than one.',
    places: [{ path: /object PodDisruptionBudget/, theirs: absent, ours: there }],
  },
  {
    name: 'SecretsByReference',
    why: 'No value of a Secret is copied into another object. KServe writes HTTP headers into pods as text, and the settings of an S3 Secret that are among its data.',
    places: [
      { path: /-headers\.value(From)?$/ },
      { path: s3Setting('value'), theirs: /^.+$/, ours: /^(<absent>|(https?:\/\/)?\$\(S3_ENDPOINT\))$/ },
      { path: s3Setting('valueFrom'), theirs: absent, ours: /^\{"secretKeyRef":/ },
    ],
  },
  {
    name: 'OnlyKeysThatExist',
    why: 'A pod refers only to what a Secret has: a reference to a key that is not there keeps it from starting. KServe refers to the tenant of every Azure account.',
    places: [{ path: /\.env\.AZURE_TENANT_ID$/, theirs: /"secretKeyRef"/, ours: absent }],
  },
  {
    name: 'LogSourceIsThePod',
    why: 'Logged requests name the pod they come from. KServe takes the name at admission, when pods of controllers have none yet.',
    places: [
      { path: /containers\.agent\.args\.--source-uri$/, theirs: /-pod$/, ours: /^\$\(POD_NAME\)$/ },
      { path: /containers\.agent\.env(\.POD_NAME)?$/, theirs: absent, ours: /metadata\.name/ },
    ],
  },
  {
    name: 'LoggerOfItsComponent',
    why: 'Store, batches and marshaller of a logger are those of its own component. KServe gives every component the predictor’s.',
    places: [
      {
        path: /pod \S+-(explainer|transformer) \|\.spec\.containers\.agent\.args\.--log-(batch-interval|batch-size|marshaller-url|store-format|store-path)$/,
      },
    ],
  },
  {
    name: 'ArgumentsOnce',
    why: 'What the user gives an explainer as an argument is not given again. KServe repeats all arguments of an ART explainer, and adds its own port behind the user’s.',
    places: [{ path: /-explainer \|\S*\.containers\.kserve-container\.args\.\d+$/, theirs: /^.+$/, ours: absent }],
  },
  {
    name: 'ModelcarCheck',
    why: 'The container that looks whether an image holds a model checks the same, and says what to do.',
    places: [{ path: /initContainers\.\d+\.args\.2$/, theirs: /Pre-fetching modelcar/, ours: /holds no model/ }],
  },
  {
    name: 'DownloadsDecideTheirContainer',
    why: 'Of several storage URIs those that are downloaded choose the storage container, and a claim’s path is mounted. KServe looks at the first URI, whatever it is, and drops the path.',
    places: [
      {
        mark: 'mixed sources',
        path: /initContainers\.\d+\.(imagePullPolicy|resources\.(limits|requests)\.(cpu|memory))$/,
      },
      { path: /volumeMounts\.\S+\.subPath$/, theirs: absent },
    ],
  },
  {
    name: 'ImageVolumes',
    why: 'Whether images can be mounted is asked of the cluster, not guessed from its version.',
    places: [{ path: /conditions\.OciImageVolumeCompatible$/, ours: absent }],
  },
  {
    name: 'ModelMeshLeftAlone',
    why: 'Services in ModelMesh mode belong to another controller. KServe begins with those that have a transformer, and fails.',
    places: [
      { path: /status \S+ \|\.deploymentMode$/, theirs: absent, ours: /^ModelMesh$/ },
      { mark: 'ModelMesh', path: /object ConfigMap\.core\/global-ca-bundle$/, theirs: there, ours: absent },
    ],
  },
  {
    name: 'GraphStatus',
    why: 'A graph says from the start in which mode it runs and that it is not ready; it is ready when its router is available and every service that its steps call is ready. KServe’s is ready as soon as its Deployment says anything.',
    places: [
      {
        path: /status InferenceGraph\S* \|\.deploymentMode$/,
        theirs: absent,
        ours: /^(Standard|Knative)$/,
      },
      { path: /status InferenceGraph\S* \|\.conditions$/, theirs: absent, ours: /"Ready":"False"/ },
      {
        mark: /^(unavailable|step not ready)$/,
        path: /status InferenceGraph\S* \|\.conditions\.Ready$/,
        theirs: /^True$/,
        ours: /^(False|<absent>)$/,
      },
    ],
  },
  {
    name: 'OpenedOnce',
    why: 'The way in is opened, and said to be open, when every component is ready. KServe does not wait for an explainer behind a transformer in its Ingress, and in Knative mode says that a service is open before its VirtualService is there.',
    places: [
      { mark: 'explainer not ready', path: /object Ingress\S+$/, theirs: there, ours: absent },
      ...(['explainer not ready', 'no VirtualService'] as const).flatMap((mark): Place[] => [
        {
          mark,
          path: /status InferenceService\S* \|\.conditions\.(IngressReady|Ready)$/,
          theirs: /^True$/,
          ours: /^(False|<absent>)$/,
        },
        { mark, path: /status InferenceService\S* \|\.(address|url)$/, ours: absent },
      ]),
    ],
  },
  {
    name: 'FailuresOfPods',
    why: 'An image that cannot be had, memory that ran out and a start that failed before show in the model status, also while an older pod still serves. KServe knows containers that ended with the reason Error, and none while the service is ready.',
    places: [
      {
        mark: 'failing pod',
        path: /status InferenceService\S* \|\.modelStatus\.failure$/,
        theirs: absent,
        ours: /"reason":"(RuntimeUnhealthy|ModelLoadFailed)"/,
      },
      { mark: 'failing pod', path: /\.targetModelState$/, theirs: /^(Pending|Loaded)$/, ours: /^FailedToLoad$/ },
      {
        mark: 'failing pod',
        path: /\.transitionStatus$/,
        theirs: /^(InProgress|UpToDate)$/,
        ours: /^BlockedByFailedLoad$/,
      },
      { mark: 'failing pod', path: /\.activeModelState$/, theirs: /^Loaded$/, ours: absent },
    ],
  },
  {
    name: 'StatusAtOnce',
    why: 'What a pod says shows at once, a failure goes when its cause is mended, and stopping and starting show in every part. KServe waits for the next change of the service, and writes nothing while a download that failed runs again.',
    places: [
      {
        mark: 'pod news',
        path: /^step \d+ status InferenceService\S* \|\.modelStatus\.(failure(\.\w+)?|states\.(active|target)ModelState|transitionStatus|totalCopies)$/,
      },
      {
        path: /^step \d+ status InferenceService\S* \|\.modelStatus\.failure$/,
        theirs: /"reason":"(RuntimeNotRecognized|RuntimeDisabled|NoSupportingRuntime|InvalidPredictorSpec)"/,
        ours: absent,
      },
      { mark: 'download retried', path: /object (Ingress|VirtualService)\S+$/, theirs: absent, ours: there },
      { mark: 'download retried', path: /status \S+ \|\.(address|url|components)$/, theirs: absent },
      { mark: 'download retried', path: /status \S+ \|\.conditions\.\w+$/, theirs: /^(<absent>|False)$/ },
      {
        mark: 'stopped',
        path: /status \S+ \|\.conditions\.IngressReady$/,
        theirs: /^(<absent>|True)$/,
        ours: /^False$/,
      },
      { mark: 'stopped', path: /status \S+ \|\.(address|url)$/, ours: absent },
      { mark: 'resumed', path: /^step \d+ status \S+ \|\.conditions\.Stopped$/, theirs: /^True$/, ours: /^False$/ },
      { mark: 'resumed', path: /^step \d+ status \S+ \|\.conditions\.\w+$/, theirs: /^False$/, ours: absent },
    ],
  },
  {
    name: 'TrainedModels',
    why: 'A TrainedModel follows its service at once, and is on the list of its server from the start; one of a format that the server does not read is not ready. KServe looks at it only when it changes itself, never at the format, and not at the memory that a runtime gives its server.',
    places: [
      {
        mark: 'not looked at',
        path: /status TrainedModel\S* \|\.conditions\.(InferenceServiceReady|IsMMSPredictor|MemoryResourceAvailable|Ready)$/,
      },
      { mark: 'not looked at', path: /status TrainedModel\S* \|\.(address|url)$/ },
      {
        mark: 'unsupported format',
        path: /status TrainedModel\S* \|\.conditions\.Ready$/,
        theirs: /^True$/,
        ours: /^False$/,
      },
      { mark: 'unsupported format', path: /status TrainedModel\S* \|\.(address|url)$/, ours: absent },
      {
        path: /status TrainedModel\S* \|\.conditions\.MemoryResourceAvailable$/,
        theirs: /^False$/,
        ours: /^True$/,
      },
      { path: /object ConfigMap\.core\/modelconfig-\S+ \|\.data(\.models\.json(\.[\w-]+)?)?$/, theirs: absent },
    ],
  },
  {
    name: 'StableHosts',
    why: 'A predictor’s host is made of the service’s name, so that it stays when a canary takes over, and it is the host that its route has.',
    places: [
      { path: /components\.predictor\.url$/, theirs: /-[a-z]+-predictor[-.]/, ours: /-predictor[-.]/ },
      { path: /object Ingress\S* \|\.spec\.rules\.\S+-[a-z]+-predictor[-.]\S+$/, ours: absent },
      { path: /object Ingress\S* \|\.spec\.rules\.\S+-predictor[-.]\S+$/, theirs: absent, ours: /-[a-z]+-predictor"/ },
    ],
  },
  {
    name: 'ConfiguredScheme',
    why: 'URLs of all components have the configured scheme. In KServe only that of the one in front.',
    places: [{ path: /components\.\w+\.url$/, theirs: /^http:/, ours: /^https:/ }],
  },
  {
    name: 'CanaryBehindTransformer',
    why: 'Requests that go to a transformer are not split. KServe sends a canary’s share past the transformer, to a predictor that then gets what nobody has transformed.',
    places: [
      {
        mark: 'with transformer',
        path: /object HTTPRoute\S*(?<!-predictor) \|\.spec\.rules\.\d+\.backendRefs\.\d+(\.weight)?$/,
        ours: absent,
      },
    ],
  },
  {
    name: 'ServicesMeetTheirAgent',
    why: 'A Service leads to the agent of its pods where they have one. KServe’s Service of a canary leads past it, and that of an explainer with a batcher to an agent that is not there.',
    places: [
      { path: /object Service\.core\S+ \|\.spec\.ports\.0\.targetPort$/, ours: /^9081$/ },
      { path: /object Service\.core\S+-explainer \|\.spec\.ports\.0\.targetPort$/, theirs: /^9081$/ },
    ],
  },
  {
    name: 'CanaryModelStatus',
    why: 'The status of a canary says how its own model loads. KServe leaves that empty.',
    places: [{ path: /status \S+ \|\.canaryStatuses\.\d+\.modelStatus/, theirs: absent }],
  },
  {
    name: 'ProgressDeadline',
    why: 'serving.knative.dev/progress-deadline means the same in both modes: in Standard mode it is the Deployment’s. KServe ignores it there.',
    places: [{ path: /object Deployment\S+ \|\.spec\.progressDeadlineSeconds$/, theirs: absent, ours: /^\d+$/ }],
  },
  {
    name: 'GraceFromTimeout',
    why: 'A pod that stops gets the time that its longest request may take (`timeout`), as in Knative mode.',
    places: [{ path: /pod Deployment\S* \|\.spec\.terminationGracePeriodSeconds$/, theirs: absent }],
  },
  {
    name: 'OwnScripts',
    why: 'The multi-node runtime’s shell scripts are our own.',
    places: [
      {
        path: /pod Deployment\S+ \|\.spec\.containers\.(kserve|worker)-container\.(command|(liveness|startup)Probe\.exec\.command)\.2$/,
        theirs: /^(export|python)/,
        ours: /ray start|health_check\.py/,
      },
    ],
  },
  {
    name: 'IngressHosts',
    why: 'Every component has a host of its own that leads to it. KServe’s Ingress names one host twice, has none for the explainer, and leads the transformer’s to the predictor.',
    places: [
      {
        path: /object Ingress\S* \|\.spec\.rules\.\S*-transformer\S*\.service\.name$/,
        theirs: /-(predictor|explainer)$/,
        ours: /-transformer$/,
      },
      { path: /object Ingress\S* \|\.spec\.rules\.\S*-transformer\S*\+$/, theirs: /-predictor"/, ours: absent },
      { path: /object Ingress\S* \|\.spec\.rules\.\S*-explainer\S*$/, theirs: absent, ours: /-explainer"/ },
    ],
  },
]

export function ruleFor(difference: Difference): Rule | undefined {
  return rules.find(({ places }) => places.some((place) => covers(place, difference)))
}

function covers(place: Place, { path, theirs, ours, marks }: Difference): boolean {
  return (
    place.path.test(path) &&
    (place.theirs?.test(text(theirs)) ?? true) &&
    (place.ours?.test(text(ours)) ?? true) &&
    (place.mark === undefined || marks.some((mark) => isMarked(place.mark, mark)))
  )
}

function isMarked(wanted: Place['mark'], mark: Mark): boolean {
  return wanted instanceof RegExp ? wanted.test(mark) : wanted === mark
}

function text(value: unknown): string {
  return value === undefined ? '<absent>' : typeof value === 'string' ? value : JSON.stringify(value)
}
