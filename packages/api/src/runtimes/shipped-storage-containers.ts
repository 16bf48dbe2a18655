import type { ClusterStorageContainer } from '../kinds/cluster-storage-container.ts'
import { containerNames } from '../wire-keys.ts'

/** The ClusterStorageContainers that are installed. The one has KServe's name and program. */
export const shippedStorageContainers: readonly ClusterStorageContainer[] = [
  {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ClusterStorageContainer',
    metadata: { name: 'default' },
    spec: {
      container: {
        name: containerNames.storageInitializer,
        image: 'kserve/storage-initializer:latest',
        imagePullPolicy: 'IfNotPresent',
        resources: { requests: { cpu: '100m', memory: '100Mi' }, limits: { cpu: '1', memory: '1Gi' } },
      },
      supportedUriFormats: [
        ...['gs://', 's3://', 'hdfs://', 'hf://', 'modelscope://', 'webhdfs://'].map((prefix) => ({ prefix })),
        { regex: 'https://(.+?).blob.core.windows.net/(.+)' },
        { regex: 'https://(.+?).file.core.windows.net/(.+)' },
        { regex: 'https?://(.+)/(.+)' },
      ],
      workloadType: 'initContainer',
      supportsMultiModelDownload: true,
    },
  },
]
