import type { Estimator, ReadEstimator } from './estimator.ts'
import { isObject, type PyValue, qualifiedName, describeValue } from '../pickle/index.ts'
import { ModelUnreadable } from '../runtime.ts'
import { readColumnTransformer } from './column-transformer.ts'
import { readDummyClassifier, readDummyRegressor } from './dummy.ts'
import { readOneHotEncoder, readOrdinalEncoder } from './encoders.ts'
import { readFunctionTransformer } from './function-transformer.ts'
import { readGradientBoostingClassifier, readGradientBoostingRegressor } from './gradient-boosting.ts'
import { readHistGradientBoostingClassifier, readHistGradientBoostingRegressor } from './hist-gradient-boosting.ts'
import { readSimpleImputer } from './imputer.ts'
import { readLinearRegressor, readLogRegressor, readTweedieRegressor } from './linear.ts'
import {
  readLinearClassifier,
  readLinearDiscriminantAnalysis,
  readLogisticRegression,
  readRidgeClassifier,
  readSgdClassifier,
} from './linear-classifier.ts'
import type { LoadBudget } from './load-budget.ts'
import { readPipeline, readSearch } from './pipeline.ts'
import { readPolynomialFeatures } from './polynomial-features.ts'
import { createRecord, type EstimatorRecord } from './record.ts'
import { readMaxAbsScaler, readMinMaxScaler, readNormalizer, readRobustScaler, readStandardScaler } from './scalers.ts'
import { readOneClassSvm, readSvc, readSvr } from './svm.ts'
import { readForestClassifier, readForestRegressor, readTreeClassifier, readTreeRegressor } from './tree-ensemble.ts'

type EstimatorReader = (record: EstimatorRecord, read: ReadEstimator) => Estimator

/** Every class that is served, by its name in scikit-learn. The module does not matter: it moved between versions. */
const readers: Readonly<Record<string, EstimatorReader>> = {
  ARDRegression: readLinearRegressor,
  BayesianRidge: readLinearRegressor,
  ElasticNet: readLinearRegressor,
  ElasticNetCV: readLinearRegressor,
  GammaRegressor: readLogRegressor,
  HuberRegressor: readLinearRegressor,
  Lars: readLinearRegressor,
  LarsCV: readLinearRegressor,
  Lasso: readLinearRegressor,
  LassoCV: readLinearRegressor,
  LassoLars: readLinearRegressor,
  LassoLarsCV: readLinearRegressor,
  LassoLarsIC: readLinearRegressor,
  LinearRegression: readLinearRegressor,
  LinearSVR: readLinearRegressor,
  MultiTaskElasticNet: readLinearRegressor,
  MultiTaskElasticNetCV: readLinearRegressor,
  MultiTaskLasso: readLinearRegressor,
  MultiTaskLassoCV: readLinearRegressor,
  OrthogonalMatchingPursuit: readLinearRegressor,
  OrthogonalMatchingPursuitCV: readLinearRegressor,
  PassiveAggressiveRegressor: readLinearRegressor,
  PoissonRegressor: readLogRegressor,
  QuantileRegressor: readLinearRegressor,
  Ridge: readLinearRegressor,
  RidgeCV: readLinearRegressor,
  SGDRegressor: readLinearRegressor,
  TheilSenRegressor: readLinearRegressor,
  TweedieRegressor: readTweedieRegressor,

  LinearDiscriminantAnalysis: readLinearDiscriminantAnalysis,
  LinearSVC: readLinearClassifier,
  LogisticRegression: readLogisticRegression,
  LogisticRegressionCV: readLogisticRegression,
  PassiveAggressiveClassifier: readLinearClassifier,
  Perceptron: readLinearClassifier,
  RidgeClassifier: readRidgeClassifier,
  RidgeClassifierCV: readRidgeClassifier,
  SGDClassifier: readSgdClassifier,

  NuSVC: readSvc,
  NuSVR: readSvr,
  OneClassSVM: readOneClassSvm,
  SVC: readSvc,
  SVR: readSvr,

  DecisionTreeClassifier: readTreeClassifier,
  DecisionTreeRegressor: readTreeRegressor,
  ExtraTreeClassifier: readTreeClassifier,
  ExtraTreeRegressor: readTreeRegressor,
  ExtraTreesClassifier: readForestClassifier,
  ExtraTreesRegressor: readForestRegressor,
  GradientBoostingClassifier: readGradientBoostingClassifier,
  GradientBoostingRegressor: readGradientBoostingRegressor,
  HistGradientBoostingClassifier: readHistGradientBoostingClassifier,
  HistGradientBoostingRegressor: readHistGradientBoostingRegressor,
  RandomForestClassifier: readForestClassifier,
  RandomForestRegressor: readForestRegressor,

  DummyClassifier: readDummyClassifier,
  DummyRegressor: readDummyRegressor,

  FunctionTransformer: readFunctionTransformer,
  MaxAbsScaler: readMaxAbsScaler,
  MinMaxScaler: readMinMaxScaler,
  Normalizer: readNormalizer,
  OneHotEncoder: readOneHotEncoder,
  OrdinalEncoder: readOrdinalEncoder,
  PolynomialFeatures: readPolynomialFeatures,
  RobustScaler: readRobustScaler,
  SimpleImputer: readSimpleImputer,
  StandardScaler: readStandardScaler,

  ColumnTransformer: readColumnTransformer,
  GridSearchCV: readSearch,
  HalvingGridSearchCV: readSearch,
  HalvingRandomSearchCV: readSearch,
  Pipeline: readPipeline,
  RandomizedSearchCV: readSearch,
}

/**
 * Turns the content of a model file into an estimator.
 * @throws ModelUnreadable naming the class and where it stands, when it is not served or not fitted.
 */
export function readEstimator(value: PyValue, budget: LoadBudget): Estimator {
  const readAt =
    (depth: number): ReadEstimator =>
    (inner, path) => {
      budget.enter(path, depth)
      return readOne(inner, path, budget, readAt(depth + 1))
    }
  return readAt(0)(value, 'model')
}

function readOne(value: PyValue, path: string, budget: LoadBudget, read: ReadEstimator): Estimator {
  if (!isObject(value)) {
    throw new ModelUnreadable(
      `${path} is ${describeValue(value)}, not a scikit-learn estimator: save the fitted model itself`,
    )
  }
  const name = value.type.name
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined
  if (!reader || !value.type.module.startsWith('sklearn.')) {
    throw new ModelUnreadable(
      `${path} is a ${qualifiedName(value.type)}, which is not served: ` +
        'export the model to ONNX with skl2onnx and serve it as format onnx',
    )
  }
  return reader(createRecord(value, path, budget), read)
}
