/** trainjob.yaml: the program as a TrainJob of Kubeflow Trainer v2, whose runtime starts torchrun on each node. */

/** A name that Kubernetes takes: lower case letters, digits and hyphens. */
export function kubernetesName(title: string): string {
  const name = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-+|-+$/g, '');
  return /^[a-z]/.test(name) ? name : `net-${name}`.replace(/-+$/, '');
}

export function trainJob(title: string): string {
  const name = kubernetesName(title);
  return `# kubectl apply -f trainjob.yaml. Put this folder into an image with PyTorch at /workspace (requirements.txt says what it needs), and the
# images and checkpoints on a volume that all nodes share.
apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata:
  name: ${name}
spec:
  runtimeRef:
    name: torch-distributed
  trainer:
    image: registry.example/${name}:latest
    numNodes: 2
    numProcPerNode: 1
    command: [torchrun, /workspace/train.py]
    args: [--data, /data/images, --checkpoints, /data/runs, --out, /data/trained.safetensors]
    resourcesPerNode:
      requests:
        cpu: "4"
        memory: 16Gi
  runtimePatches:
    - manager: cnnzoo.handover/volume
      trainingRuntimeSpec:
        template:
          spec:
            replicatedJobs:
              - name: node
                template:
                  spec:
                    template:
                      spec:
                        volumes:
                          - name: data
                            persistentVolumeClaim:
                              claimName: ${name}-data
                        containers:
                          - name: node
                            volumeMounts:
                              - name: data
                                mountPath: /data
`;
}
